/** What the kernel is told while it believes in what was: without a kernel, by a clock of the test's own. */
import t from 'tap'
import { FsError } from '../../../src/errors.js'
import { believedAtMost, believedFor } from '../../../src/fuse/beliefs/believed-for.js'
import { KernelBeliefs } from '../../../src/fuse/beliefs/kernel-beliefs.js'
import { clockOf } from '../../helpers/clock-of.js'
import { PlayedFilesystem } from '../../helpers/played-filesystem.js'

const never = new AbortController().signal
const hidden = '/send/.fuse_hidden1'
const reading = { write: false, truncate: false }

class World {
  time = 1_000
  readonly fs: PlayedFilesystem
  readonly beliefs: KernelBeliefs

  constructor(files: Readonly<Record<string, string | undefined>>) {
    this.fs = new PlayedFilesystem({ '/send': undefined, ...files })
    this.beliefs = new KernelBeliefs(
      this.fs,
      clockOf(() => this.time),
    )
  }

  async kind(path: string): Promise<string> {
    return (await this.beliefs.getattr(path, never)).kind
  }

  async listed(path: string): Promise<string[]> {
    const entries = [...(await this.beliefs.readdir(path, never))]
    return entries.map(({ kind, name }) => `${kind} ${name}`)
  }
}

t.test('a folder that became an archive', async (t) => {
  const world = new World({ '/send/a': undefined, '/send/b.zip': 'of-b' })
  await world.beliefs.rename('/send/a', '/send/a.zip', never)

  await t.test('is a folder as long as the kernel believes so, with nothing in it', async (t) => {
    world.time += believedFor
    t.equal(await world.kind('/send/a.zip'), 'folder')
    t.same(await world.listed('/send/a.zip'), [])
    t.same(await world.listed('/send'), ['file b.zip', 'folder a.zip'])
    await world.beliefs.access('/send/a.zip', 1, never)
  })

  await t.test('is one under its next name as well', async (t) => {
    await world.beliefs.rename('/send/a.zip', '/send/c.zip', never)
    t.equal(await world.kind('/send/c.zip'), 'folder')
    await t.rejects(world.beliefs.getattr('/send/a.zip', never), { code: 'ENOENT' })
  })

  await t.test('and is what it is after that', async (t) => {
    world.time += believedAtMost
    t.equal(await world.kind('/send/c.zip'), 'file')
    t.same(await world.listed('/send'), ['file b.zip', 'file c.zip'])
    await t.rejects(world.beliefs.access('/send/c.zip', 1, never), { code: 'EACCES' })
  })
})

t.test('what is made, or goes, where an archive was is told of as it is', async (t) => {
  const world = new World({ '/send/a': undefined })
  await world.beliefs.rename('/send/a', '/send/a.zip', never)
  await world.beliefs.unlink('/send/a.zip', never)
  await t.rejects(world.beliefs.getattr('/send/a.zip', never), { code: 'ENOENT' })
  await world.beliefs.create('/send/a.zip', never)
  t.equal(await world.kind('/send/a.zip'), 'file')
})

t.test('a file that is renamed onto an archive of a moment ago is a file', async (t) => {
  const world = new World({ '/send/a': undefined, '/send/b.zip': 'of-b' })
  await world.beliefs.rename('/send/a', '/send/a.zip', never)
  await world.beliefs.rename('/send/b.zip', '/send/a.zip', never)
  t.equal(await world.kind('/send/a.zip'), 'file')
})

t.test('a rename that is refused changes no belief', async (t) => {
  const world = new World({ '/send/a': undefined })
  world.fs.refusal = new FsError('ENODATA', 'There is no file in it.')
  await t.rejects(world.beliefs.rename('/send/a', '/send/a.zip', never), { code: 'ENODATA' })
  world.fs.files.set('/send/a.zip', 'another')
  t.equal(await world.kind('/send/a.zip'), 'file')
})

t.test('a folder’s freshness and what follows it are told while an archive is believed to be a folder', async (t) => {
  const world = new World({ '/send/a': undefined, '/inbox': undefined })
  await world.beliefs.rename('/send/a', '/send/a.zip', never)
  const following = [{ name: 'next', entries: [] }]
  world.fs.readdir = async () => Object.assign([], { freshUntil: 77, following })
  const content = await world.beliefs.readdir('/inbox', never)
  t.equal(content.freshUntil, 77)
  t.same([...(content.following ?? [])], following)
})

t.test('a file that is removed while it is open', async (t) => {
  const world = new World({ '/send/order.edi': 'the order' })
  const { beliefs, fs } = world
  t.equal(await beliefs.displace('/send/order.edi', hidden, never), true)
  await beliefs.unlink('/send/order.edi', never)

  await t.test('is gone for all others', async (t) => {
    t.same(await world.listed('/send'), [])
    await t.rejects(beliefs.getattr('/send/order.edi', never), { code: 'ENOENT' })
  })

  await t.test('is as large as it gets for who has it open', async (t) => {
    fs.sizes.set('the order', 70)
    t.match(await beliefs.getattr(hidden, never), { kind: 'file', size: 70, identity: 'the order' })
    fs.sizes.delete('the order')
    t.equal((await beliefs.getattr(hidden, never)).size, 7)
  })

  await t.test('takes times and modes, which nobody will see', async (t) => {
    const { length } = fs.calls
    await beliefs.utimens(hidden, { mtime: 5 }, never)
    await beliefs.setattr(hidden, 0o600, never)
    await beliefs.access(hidden, 2, never)
    t.equal(fs.calls.length, length)
  })

  await t.test('is opened and cut by nobody', async (t) => {
    await t.rejects(beliefs.open(hidden, reading, never), { code: 'ESTALE' })
    await t.rejects(beliefs.truncate(hidden, 0, never), { code: 'ESTALE' })
  })

  await t.test('is forgotten with its last close', async (t) => {
    const { length } = fs.calls
    await beliefs.unlink(hidden, never)
    t.equal(fs.calls.length, length)
    await t.rejects(beliefs.getattr(hidden, never), { code: 'ENOENT' })
  })
})

t.test('a file that is to be replaced while it is open', async (t) => {
  const files = { '/send/order.edi': 'the old', '/send/.new': 'the new', '/send/third': 'a third' }

  await t.test(
    'is found by its other name before it is known what becomes of it, and where that is refused',
    async (t) => {
      const { beliefs, fs } = new World(files)
      await beliefs.displace('/send/order.edi', hidden, never)
      t.equal((await beliefs.getattr(hidden, never)).identity, 'the old')
      fs.refusal = new FsError('EBUSY', 'It is being uploaded.')
      await t.rejects(beliefs.rename('/send/.new', '/send/order.edi', never), { code: 'EBUSY' })
      fs.refusal = undefined
      t.equal((await beliefs.getattr(hidden, never)).identity, 'the old')
      await beliefs.utimens(hidden, { mtime: 5 }, never)
      await beliefs.truncate(hidden, 3, never)
      await beliefs.open(hidden, reading, never)
      await beliefs.access(hidden, 2, never)
      await beliefs.setattr(hidden, 0o600, never)
      t.same(fs.calls.slice(-5), [
        'utimens /send/order.edi 5',
        ...['truncate', 'open', 'access', 'setattr'].map((it) => `${it} /send/order.edi`),
      ])
    },
  )

  await t.test('is followed to where it is renamed after that', async (t) => {
    const { beliefs } = new World(files)
    await beliefs.displace('/send/order.edi', hidden, never)
    await beliefs.rename('/send/order.edi', '/send/second', never)
    t.equal((await beliefs.getattr(hidden, never)).identity, 'the old')
    await beliefs.rename(hidden, '/send/fourth', never)
    t.equal((await beliefs.getattr('/send/fourth', never)).identity, 'the old')
    t.equal((await beliefs.getattr(hidden, never)).identity, 'the old')
    await beliefs.rename('/send/third', '/send/fourth', never)
    t.equal((await beliefs.getattr(hidden, never)).identity, 'the old')
    t.equal((await beliefs.getattr('/send/fourth', never)).identity, 'a third')
  })

  await t.test('keeps its name when its last close comes and it was not replaced', async (t) => {
    const { beliefs, fs } = new World(files)
    await beliefs.displace('/send/order.edi', hidden, never)
    await beliefs.unlink(hidden, never)
    t.equal(fs.files.get('/send/order.edi'), 'the old')
  })

  await t.test('stays for who has it open when it is replaced', async (t) => {
    const { beliefs } = new World(files)
    await beliefs.displace('/send/order.edi', hidden, never)
    await beliefs.rename('/send/.new', '/send/order.edi', never)
    t.equal((await beliefs.getattr('/send/order.edi', never)).identity, 'the new')
    t.equal((await beliefs.getattr(hidden, never)).identity, 'the old')
  })
})

t.test('what can’t be removed, and what is gone already, keeps its name', async (t) => {
  const { beliefs } = new World({ '/send/folder': undefined })
  t.equal(await beliefs.displace('/send/folder', hidden, never), false)
  t.equal(await beliefs.displace('/send/taken.edi', hidden, never), false)
})

t.test('what is opened and is not there any longer is stale, so that the kernel looks anew', async (t) => {
  const { beliefs, fs } = new World({})
  await t.rejects(beliefs.open('/send/taken.edi', reading, never), { code: 'ESTALE' })
  fs.open = () => Promise.reject(new FsError('EISDIR', 'That is a folder.'))
  await t.rejects(beliefs.open('/send', reading, never), { code: 'EISDIR' })
})

t.test('what belongs to a handle goes on as it came', async (t) => {
  const { beliefs, fs } = new World({})
  await beliefs.write(3, Buffer.from('x'), 0, never)
  await beliefs.ftruncate(3, 1, never)
  await beliefs.flush(3, { closed: async () => ({ isLast: true, killedBy: undefined }) }, never)
  await beliefs.fsync(3, never)
  t.equal(Buffer.from(await beliefs.read(3, 0, 3, never)).toString(), 'con')
  await beliefs.release(3)
  t.same(fs.calls, ['write 3 x', 'ftruncate 3 1', 'flush 3', 'fsync 3', 'read 3', 'release 3'])
})
