/** Whether a journal is the file that it says it is. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { identityOf, isSameFile } from '../../src/journal/file-identity.js'

const second = 1_000_000_000n
const found = (of: Partial<BigIntStats>): BigIntStats =>
  ({ ino: 7n, birthtimeNs: 100n * second, mtimeNs: 200n * second, ctimeNs: 200n * second, ...of }) as BigIntStats
const recorded = identityOf(found({}))

t.test('it has its number and its birth, whenever it was last written', async (t) => {
  t.ok(isSameFile(recorded, found({ mtimeNs: 900n * second, ctimeNs: 900n * second })))
  t.notOk(isSameFile(recorded, found({ ino: 8n })))
  t.notOk(isSameFile(recorded, found({ birthtimeNs: 101n * second })), 'the number was given to another')
  const justMade = { birthtimeNs: 101n * second, mtimeNs: 101n * second, ctimeNs: 101n * second }
  t.notOk(isSameFile(recorded, found(justMade)), 'to one that was made this moment, too')
})

t.test('where the file system knows no birth, its number decides', async (t) => {
  t.ok(isSameFile(recorded, found({ birthtimeNs: 0n })))
  t.ok(isSameFile({ ...recorded, born: '0' }, found({})))
  t.notOk(isSameFile({ ...recorded, born: '0' }, found({ ino: 8n })))
})

t.test('one that was set back to an earlier time was written over by a copy', async (t) => {
  t.notOk(isSameFile(recorded, found({ ctimeNs: 261n * second })))
  t.ok(
    isSameFile(recorded, found({ ctimeNs: 260n * second })),
    'a rename and a change of rights may come a little later',
  )
})

t.test('one that was written to long after its last line was written over by a copy', async (t) => {
  const written = { mtimeNs: 200n * second, ctimeNs: 200n * second }
  t.ok(isSameFile(recorded, found(written), 140_000), 'a disk may hang for a while')
  t.notOk(isSameFile(recorded, found(written), 139_999))
  t.ok(isSameFile(recorded, found(written), 900_000), 'the clock was set back since')
})

t.test('on a disk: appended to and renamed it is the same, copied and written over it is not', async (t) => {
  const path = join(t.testdir({ journal: 'one' }), 'journal')
  const now = () => statSync(path, { bigint: true })
  const identity = identityOf(now())
  appendFileSync(path, 'two')
  renameSync(path, `${path}.moved`)
  renameSync(`${path}.moved`, path)
  t.ok(isSameFile(identity, now()))
  copyFileSync(path, `${path}.backup`)
  utimesSync(`${path}.backup`, 1_000, 1_000)
  writeFileSync(path, 'three')
  execFileSync('cp', ['-a', `${path}.backup`, path])
  t.equal(identityOf(now()).inode, identity.inode)
  t.notOk(isSameFile(identity, now()))
  renameSync(`${path}.backup`, path)
  t.notOk(isSameFile(identity, now()))
})
