/** The binding's threads: many calls at once must not leave anything behind. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mount } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

/**
 * Bursts of 60 stats at the same time, each of another path; then the time of one stat in µs, the fastest of some rounds:
 * what else the machine does slows many of them down, but hardly all.
 */
const storm = `
  const { stat } = require('node:fs/promises')
  const bursts = Number(process.argv[2])
  ;(async () => {
    for (let burst = 0; burst < bursts; burst += 1) {
      await Promise.all(Array.from({ length: 60 }, (_, i) => stat(process.argv[1] + '/absent-' + burst + '-' + i).catch(() => 0)))
    }
    let fastest = Infinity
    for (let round = 0; round < 40; round += 1) {
      const start = process.hrtime.bigint()
      for (let i = 0; i < 25; i += 1) await stat(process.argv[1] + '/alone-' + round + '-' + i).catch(() => 0)
      fastest = Math.min(fastest, Number(process.hrtime.bigint() - start) / 25 / 1000)
    }
    console.log(fastest)
  })()
`

async function run(path: string, bursts: number): Promise<number> {
  const env = { ...process.env, UV_THREADPOOL_SIZE: '64', NODE_OPTIONS: '' }
  const child = spawn(process.execPath, ['-e', storm, path, String(bursts)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`exit ${code}`)
  return Number(text)
}

t.test('400 bursts of 60 parallel stats leave threads, handles and the time of one stat as they were', async (t) => {
  const reports = t.testdir()
  const mounted = await mount(t, {
    objects: { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'x' },
    env: { NODE_OPTIONS: `--report-on-signal --report-compact --report-directory=${reports}` },
  })
  const path = mounted.path('ACME/GLOBEX/inbox')
  const before = await run(path, 5)
  const [handles, threads] = [await asyncHandles(mounted.pid, reports), await threadsOf(mounted.pid)]
  const after = await run(path, 400)
  t.equal(await asyncHandles(mounted.pid, reports), handles)
  t.equal(await threadsOf(mounted.pid), threads)
  // A leak made it three times as slow and more; what else the machine does makes no such difference.
  t.ok(after < 2 * before + 100, `one stat took ${before.toFixed(0)} µs before and ${after.toFixed(0)} µs after`)
  t.match(await mounted.status(), { binding: 'compiled', calls: { timedOut: 0 } })
})

async function threadsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/task`)).length
}

/** fuse-native makes a uv_async_t for each of its threads, and libuv walks them all; Node's diagnostic report lists them. */
async function asyncHandles(pid: number, reports: string): Promise<number> {
  const seen = new Set(await readdir(reports))
  process.kill(pid, 'SIGUSR2')
  const report = await until('a report', async () => {
    const name = (await readdir(reports)).find((it) => !seen.has(it))
    if (name === undefined) return undefined
    const text = await readFile(join(reports, name), 'utf8')
    return text.endsWith('}\n') || text.endsWith('}') ? (JSON.parse(text) as Report) : undefined
  })
  return report.libuv.filter((it) => it.type === 'async').length
}

interface Report {
  readonly libuv: readonly { readonly type: string }[]
}
