/** What was done in new/, and must not come undone, is on disk when whoever did it is answered. */
import t from 'tap'
import { diskCalls } from '../../src/journal/disk-calls.js'
import { filesystemWorld, type FilesystemWorld } from '../helpers/filesystem-world.js'
import { never } from '../helpers/sender-world.js'

const folder = '/ACME/GLOBEX/new'
const inbox = 'files/ACME/GLOBEX/inbox'
const objects = Object.fromEntries([1, 2, 3, 4].map((n) => [`${inbox}/${n}/a.edi`, `content ${n}`]))

interface Write {
  readonly text: string
  readonly isSynced: boolean
}

type Act = (fs: FilesystemWorld['fs']) => Promise<unknown>

/** In this order, on the same files. */
const promised: readonly (readonly [what: string, line: RegExp, act: Act])[] = [
  ['taking', /"take":/, (fs) => fs.unlink(`${folder}/1_a.edi`, never())],
  ['claiming', /"name":.*"as":"mine"/, (fs) => fs.rename(`${folder}/2_a.edi`, `${folder}/mine`, never())],
  ['giving its name back', /"unname":/, (fs) => fs.rename(`${folder}/mine`, `${folder}/2_a.edi`, never())],
  [
    'claiming into a folder',
    /"name":.*"as":"done\/a"/,
    async (fs) => {
      await fs.mkdir(`${folder}/done`, never())
      await fs.rename(`${folder}/3_a.edi`, `${folder}/done/a`, never())
    },
  ],
  ['renaming that', /"move":"done"/, (fs) => fs.rename(`${folder}/done`, `${folder}/archive`, never())],
  ['taking what has another name', /"take":/, (fs) => fs.unlink(`${folder}/archive/a`, never())],
  ['making it read-only', /"chmod":/, (fs) => fs.setattr(`${folder}/4_a.edi`, 0o444, never())],
]

t.test('what is taken, claimed or made read-only is on disk when that is answered', async (t) => {
  const { fs } = await filesystemWorld(t, { objects, stations: [{ station: 'ACME', partner: 'GLOBEX' }] })
  await fs.readdir(folder, never())
  const writes: Write[] = []
  const before = { ...diskCalls }
  diskCalls.write = async (file, bytes, position, isSynced) => {
    await before.write(file, bytes, position, isSynced)
    writes.push({ text: Buffer.from(bytes).toString(), isSynced })
  }
  t.teardown(() => {
    Object.assign(diskCalls, before)
  })
  for (const [what, line, act] of promised) {
    writes.length = 0
    await act(fs)
    const own = writes.findIndex((it) => line.test(it.text))
    t.not(own, -1, `${what} is written down`)
    // A sync is of all that was written before.
    t.ok(
      writes.slice(own).some((it) => it.isSynced),
      `${what} is on disk`,
    )
  }
})
