/** A folder of `send/` that is sent while programs are at it: done or refused, at once, and nothing else waits. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { mount } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX', '--on-duplicate', 'send', '--list-ttl', '100ms']
const rounds = 100
/** Far more than anything here takes, and less than whatever waits for something that can't come. */
const soon = 1_500

/** A folder outside of the mount, out of the way of the test's own fixtures. */
async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'as2fs-bundle-'))
  t.teardown(() => rm(path, { recursive: true }))
  return path
}

/** Contents by name, as another program finds them. */
async function unpacked(t: Test, zip: Buffer): Promise<Record<string, string>> {
  const file = join(await folder(t), 'it.zip')
  await writeFile(file, zip)
  const script = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    print(json.dumps({i.filename: z.read(i).decode() for i in z.infolist()}))`
  const { stdout } = await run('python3', ['-c', script, file])
  return JSON.parse(stdout) as Record<string, string>
}

t.test('cp -r and mv at once: sent, always', { timeout: 300_000 }, async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const from = await folder(t)
  const files = ['a.edi', 'b.edi', 'c.edi', 'd.edi']
  for (const name of files) await writeFile(join(from, name), name)
  const script = `for n in $(seq ${rounds}); do cp -r ${from} ${send}/d-$n && mv ${send}/d-$n ${send}/d-$n.zip || exit 1; done`
  t.match(await run('sh', ['-c', script]), { code: 0, stderr: '' })
  await until('all of them in the bucket', () => mounted.puts().length >= rounds, 60_000)
  t.equal(new Set(mounted.puts()).size, rounds)
  t.equal(mounted.puts().length, rounds, 'each once')
  const last = await mounted.inBucket(`AS2/send/ACME/GLOBEX/d-${rounds}.zip`)
  t.same(await unpacked(t, last), Object.fromEntries(files.map((name) => [name, name])))
})

t.test('while programs add files to it: done or refused at once, and nobody else waits', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  await mkdir(join(send, 'b'))
  // Each file is open for some time, and closed for some.
  const writer = (n: number) =>
    run('sh', [
      '-c',
      `i=0; while [ $i -lt 40 ] && { echo begin; sleep 0.03; echo end; } > ${send}/b/${n}-$i.edi; do i=$((i+1)); done; echo $i`,
    ])
  const writers = Promise.all([1, 2, 3].map(writer))
  const over = new AbortController()
  let slowest = 0
  /** @returns whether it was done; otherwise it was refused, as a file is being written */
  const timed = async (act: () => Promise<unknown>): Promise<boolean> => {
    const began = performance.now()
    const code = await act().then(
      () => undefined,
      (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
    )
    slowest = Math.max(slowest, performance.now() - began)
    if (code !== undefined && code !== 'EBUSY') throw new Error(`refused: ${code}`)
    return code === undefined
  }
  const looking = (async () => {
    while (!over.signal.aborted) {
      await timed(() => readdir(send))
      await delay(5)
    }
  })()
  await until('a file in it', async () => (await readdir(join(send, 'b'))).length > 0)
  let isSent = false
  while (!isSent) isSent = await timed(() => rename(join(send, 'b'), join(send, 'b.zip')))
  const written = (await writers).map((it) => Number(it.stdout.trim()))
  over.abort()
  await looking
  t.ok(slowest < soon, `the slowest took ${Math.round(slowest)} ms`)
  const members = await unpacked(t, await mounted.inBucket('AS2/send/ACME/GLOBEX/b.zip'))
  t.equal(
    Object.keys(members).length,
    written.reduce((sum, it) => sum + it, 0),
    'all that was written before',
  )
  t.ok(
    Object.values(members).every((it) => it === 'begin\nend\n'),
    'and whole',
  )
})
