/** Threads that read /proc: one that never comes back holds up neither its caller, nor the others, nor the end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ProcessReaders } from '../../src/fuse/callers/process-readers.js'
import { sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const program = new URL('../helpers/slow-reader.js', import.meta.url)
/** A process whose files keep their reader waiting for so many hundredths of a second. */
const slow = (n: number, hundredths: number) => 1_000_000 * n + hundredths

function readers(t: Test, options: { count: number; patience?: number; program?: URL }): ProcessReaders {
  const it = new ProcessReaders({ patience: 50, program, ...options })
  t.teardown(() => it.close())
  return it
}

async function ask(it: ProcessReaders, pid: number): Promise<number | undefined> {
  return (await it.ask<'ending'>({ kind: 'ending', pid }))?.process
}

t.test('answers, also while others are asked', async (t) => {
  const it = readers(t, { count: 2, patience: 5_000 })
  t.same(await Promise.all([1, 2, 3, 4, 5].map((pid) => ask(it, pid))), [1, 2, 3, 4, 5])
})

t.test('a question that is not answered in time can’t be told, and the next ones are answered by others', async (t) => {
  const it = readers(t, { count: 1 })
  t.equal(await ask(it, 1), 1)
  const began = performance.now()
  t.equal(await ask(it, slow(1, 300)), undefined)
  t.ok(performance.now() - began < 2_000, 'long before it comes')
  t.same(it.stuckOn, [slow(1, 300)])
  t.equal(await until('another thread', () => ask(it, 2)), 2)
  const again = performance.now()
  t.equal(await ask(it, slow(1, 300)), undefined, 'asked again about the same')
  t.ok(performance.now() - again < 40, 'it is not tried again')
  await until('it to come back', () => it.stuckOn.length === 0)
  t.equal(await until('an answer', () => ask(it, slow(1, 1))), slow(1, 1))
})

t.test('however many are stuck, the number of threads has a bound', async (t) => {
  const it = readers(t, { count: 1 })
  await ask(it, 1)
  await Promise.all(Array.from({ length: 50 }, (_, n) => ask(it, slow(n + 1, 100))))
  t.ok(it.stuckOn.length <= 6, `${it.stuckOn.length} are stuck`)
  await until('all to come back', () => it.stuckOn.length === 0)
  t.equal(await until('an answer', () => ask(it, 2)), 2)
})

t.test('a thread that can’t be started, or fails: it can’t be told', async (t) => {
  const it = readers(t, { count: 1, program: new URL('missing.js', import.meta.url) })
  t.equal(await ask(it, 1), undefined)
  t.equal(await ask(it, 2), undefined)
})

t.test('a thread that is started before it is asked answers, and closed none is started', async (t) => {
  const it = readers(t, { count: 1, patience: 5_000 })
  it.warmUp()
  it.warmUp()
  t.equal(await ask(it, 7), 7)
  const broken = readers(t, { count: 1, program: new URL('missing.js', import.meta.url) })
  broken.warmUp()
  t.equal(await ask(broken, 1), undefined)
  await it.close()
  it.warmUp()
  t.equal(await ask(it, 7), undefined)
})

t.test('closed, everything can’t be told', async (t) => {
  const it = readers(t, { count: 1, patience: 5_000 })
  const underWay = ask(it, slow(1, 500))
  await it.close()
  t.equal(await underWay, undefined)
  t.equal(await ask(it, 1), undefined)
})

t.test('one that never comes back does not keep the process from ending', async (t) => {
  const script = `
    const { ProcessReaders } = await import('${new URL('../../src/fuse/callers/process-readers.js', import.meta.url).href}')
    const program = new URL('${new URL('../helpers/blocked-reader.js', import.meta.url).href}')
    const it = new ProcessReaders({ count: 1, patience: 50, program })
    await it.ask({ kind: 'ending', pid: 1 })
    console.log(it.stuckOn.length)
    process.exit(0)`
  const pipe = join(t.testdir(), 'pipe')
  await sh(`mkfifo ${pipe}`)
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NAMED_PIPE: pipe },
  })
  const [output] = (await once(child.stdout, 'data')) as [Buffer]
  t.equal(output.toString(), '1\n', 'it is stuck')
  await until('the end', () => child.exitCode !== null || child.signalCode !== null)
})
