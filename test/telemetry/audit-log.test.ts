import { appendFile, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { AuditLog } from '../../src/telemetry/audit-log.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { until } from '../helpers/until.js'

const log = silentLogger()

async function lines(path: string): Promise<unknown[]> {
  const text = await readFile(path, 'utf8')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
}

t.test('lines are appended, for the owner alone', async (t) => {
  const path = join(t.testdir(), 'audit')
  const audit = await AuditLog.open(path, log)
  for (const n of [1, 2, 3]) audit.append({ n })
  await audit.flushed()
  audit.append({ n: 4 })
  await audit.close()
  t.same(await lines(path), [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }])
  t.equal((await stat(path)).mode & 0o777, 0o600)
  const again = await AuditLog.open(path, log)
  again.append({ n: 5 })
  await again.close()
  t.equal((await lines(path)).length, 5)
})

t.test('many lines one after the other are written together', async (t) => {
  const path = join(t.testdir(), 'audit')
  let writes = 0
  const audit = await AuditLog.open(path, log, { onWritten: () => (writes += 1) })
  for (let n = 1; n <= 50; n += 1) {
    audit.append({ n })
    // As long as a write takes.
    for (let calls = 0; calls < 3; calls += 1) await stat(path)
  }
  await audit.flushed()
  t.equal((await lines(path)).length, 50)
  t.ok(writes < 25, `${writes} writes`)
  await audit.close()
})

t.test('a file that was moved away by a rotation is made anew', async (t) => {
  const path = join(t.testdir(), 'audit')
  const audit = await AuditLog.open(path, log)
  audit.append({ n: 1 })
  await audit.flushed()
  await rename(path, `${path}.1`)
  audit.append({ n: 2 })
  await audit.close()
  t.same(await lines(`${path}.1`), [{ n: 1 }])
  t.same(await lines(path), [{ n: 2 }])
})

t.test('what was told before a rotation is known, compressed or not', async (t) => {
  const path = join(t.testdir(), 'audit')
  await writeFile(`${path}.2.gz`, gzipSync('{"n":1}\n'))
  await utimes(`${path}.2.gz`, 1, 1)
  await writeFile(`${path}.1`, '{"n":2}\n{"n":3}\n')
  await writeFile(`${path}-of-another.gz`, 'not packed', { mode: 0o600 })
  const audit = await AuditLog.open(path, log)
  audit.append({ n: 4 })
  await audit.flushed()
  t.same(await audit.tail(), [{ n: 4 }, { n: 2 }, { n: 3 }, { n: 1 }])
  await audit.close()
})

t.test('a line that was torn spoils no other', async (t) => {
  const path = join(t.testdir(), 'audit')
  await writeFile(path, '{"n":1}\n{"n":')
  const audit = await AuditLog.open(path, log)
  audit.append({ n: 3 })
  await audit.flushed()
  t.same(await audit.tail(), [{ n: 1 }, { n: 3 }])
  t.equal(await readFile(path, 'utf8'), '{"n":1}\n{"n":\n{"n":3}\n')
  await audit.close()
})

t.test('what can’t be written is said, and blocks nobody', async (t) => {
  const audit = await AuditLog.open('/dev/full', log)
  for (let n = 0; n < 1000; n += 1) audit.append({ n })
  const problem = await until('the problem', () => audit.problem)
  t.match(problem, /\/dev\/full can't be written \(ENOSPC\); sending goes on/)
  await audit.flushed()
  await audit.close()
})

t.test('a folder that is gone for a while is waited for', async (t) => {
  const directory = t.testdir({ logs: {} })
  const path = join(directory, 'logs/audit')
  const audit = await AuditLog.open(path, log)
  await rename(join(directory, 'logs'), join(directory, 'away'))
  audit.append({ n: 1 })
  await until('the problem', () => audit.problem)
  await rename(join(directory, 'away'), join(directory, 'logs'))
  await until('the end of the problem', () => audit.problem === undefined)
  await audit.close()
  t.same(await lines(path), [{ n: 1 }])
})

t.test('the tail is what whole lines say', async (t) => {
  const path = join(t.testdir(), 'audit')
  const audit = await AuditLog.open(path, log)
  await appendFile(path, '{"n":1}\nnot JSON\n"text"\n{"n":2}\n')
  t.same(await audit.tail(), [{ n: 1 }, { n: 2 }])
  await audit.close()
})
