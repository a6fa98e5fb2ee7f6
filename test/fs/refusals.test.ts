/** What each operation comes to at each kind of place: what is read can be read, what is not `send/` or `new/` can't be changed. */
import t, { type Test } from 'tap'
import type { FilesystemWorld } from '../helpers/filesystem-world.js'
import { filesystemWorld, outcome } from '../helpers/filesystem-world.js'
import { globex, never } from '../helpers/sender-world.js'

const objects = {
  'files/ACME/GLOBEX/inbox/7207/order.edi': 'an order',
  'raw-mdn/incoming/ACME/GLOBEX/receipt': 'a receipt',
  'send/ACME/GLOBEX/others/deep.edi': 'in a folder that another program put there',
}

/** Paths by what is there. */
const places: Readonly<Record<string, string>> = {
  'the mountpoint': '/',
  '.as2fs': '/.as2fs',
  'a control file': '/.as2fs/status.json',
  'no control file': '/.as2fs/other.json',
  'all MDNs': '/.as2fs/mdn/incoming',
  'a station': '/ACME',
  'a partner': '/ACME/GLOBEX',
  'no partner': '/ACME/NOBODY',
  'a pair of views': '/ACME/GLOBEX/headers',
  'a view': '/ACME/GLOBEX/inbox',
  'its folder': '/ACME/GLOBEX/inbox/7207',
  'its file': '/ACME/GLOBEX/inbox/7207/order.edi',
  'nothing in it': '/ACME/GLOBEX/inbox/7208',
  'no view': '/ACME/GLOBEX/secrets',
  'send/': '/ACME/GLOBEX/send',
  'a queued file': '/ACME/GLOBEX/send/queued.edi',
  'a submitted file': '/ACME/GLOBEX/send/submitted.edi',
  'a made folder': '/ACME/GLOBEX/send/bundle',
  'its member': '/ACME/GLOBEX/send/bundle/member.edi',
  'others’ folder': '/ACME/GLOBEX/send/others',
  'others’ file': '/ACME/GLOBEX/send/others/deep.edi',
  'nothing in send/': '/ACME/GLOBEX/send/none.edi',
  'new/': '/ACME/GLOBEX/new',
  'a received file': '/ACME/GLOBEX/new/7207_order.edi',
  'a lock file': '/ACME/GLOBEX/new/order.lck',
  'a folder in new/': '/ACME/GLOBEX/new/.done',
  'nothing in new/': '/ACME/GLOBEX/new/none.edi',
}

const other = '/ACME/GLOBEX/send/other.edi'
const operations: Readonly<Record<string, (world: FilesystemWorld, path: string) => Promise<unknown>>> = {
  stat: ({ fs }, path) => fs.getattr(path, never()),
  list: ({ fs }, path) => fs.readdir(path, never()),
  run: ({ fs }, path) => fs.access(path, 1, never()),
  mayWrite: ({ fs }, path) => fs.access(path, 2, never()),
  read: async ({ fs }, path) => fs.release((await fs.open(path, { write: false, truncate: false }, never())).handle),
  write: async ({ fs }, path) => fs.release((await fs.open(path, { write: true, truncate: false }, never())).handle),
  create: async ({ fs }, path) => fs.release(await fs.create(path, never())),
  truncate: ({ fs }, path) => fs.truncate(path, 3, never()),
  from: ({ fs }, path) => fs.rename(path, other, never()),
  onto: ({ fs }, path) => fs.rename('/ACME/GLOBEX/send/held.tmp', path, never()),
  unlink: ({ fs }, path) => fs.unlink(path, never()),
  mkdir: ({ fs }, path) => fs.mkdir(path, never()),
  rmdir: ({ fs }, path) => fs.rmdir(path, never()),
  utimens: ({ fs }, path) => fs.utimens(path, { mtime: 5 }, never()),
  chmod: ({ fs }, path) => fs.setattr(path, 0o600, never()),
  link: ({ fs }, path) => fs.link(path, '/ACME/GLOBEX/send/linked.edi', never()),
  xattr: ({ fs }, path) => fs.refuse(path, 'setxattr'),
}

/** These change nothing where they succeed. */
const looks = ['stat', 'list', 'run', 'mayWrite', 'read']

async function world(t: Test): Promise<FilesystemWorld> {
  const world = await filesystemWorld(t, { objects, stations: [globex], sender: { settle: 60_000 } })
  const send = '/ACME/GLOBEX/send'
  for (const name of ['submitted.edi', 'queued.edi', 'held.tmp']) await world.write(`${send}/${name}`)
  await world.fs.mkdir(`${send}/bundle`, never())
  await world.write(`${send}/bundle/member.edi`)
  await world.fs.mkdir('/ACME/GLOBEX/new/.done', never())
  await world.write('/ACME/GLOBEX/new/order.lck')
  await world.names('/ACME/GLOBEX/new')
  await world.senders.sender.retry(world.senders.row('submitted.edi')!.id, never())
  await world.senders.inState('submitted.edi', 'submitted')
  return world
}

async function outcomesAt(t: Test, path: string): Promise<string[]> {
  let it: FilesystemWorld | undefined
  const outcomes: string[] = []
  for (const [name, run] of Object.entries(operations)) {
    it ??= await world(t)
    outcomes.push(await outcome(run(it, path)))
    if (outcomes.at(-1) === 'ok' && !looks.includes(name)) it = undefined
  }
  return outcomes
}

/** A row for each place, a column for each operation. */
const table = `
                   stat    list    run     mayWrite read    write   create  truncate from    onto    unlink  mkdir   rmdir   utimens chmod   link    xattr
the mountpoint     ok      ok      ok      ok      EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
.as2fs             ok      ok      ok      EROFS   EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
a control file     ok      ENOTDIR EACCES  EROFS   ok      EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
no control file    ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
all MDNs           ok      ok      ok      EROFS   EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
a station          ok      ok      ok      ok      EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EEXIST  EPERM   EROFS   EROFS   EROFS   ENOTSUP
a partner          ok      ok      ok      EROFS   EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EEXIST  ENOTEMPTY EROFS   EROFS   EROFS   ENOTSUP
no partner         ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ok      ENOENT  EROFS   EROFS   EROFS   ENOTSUP
a pair of views    ok      ok      ok      EROFS   EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
a view             ok      ok      ok      EROFS   EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
its folder         ok      ok      ok      EROFS   EISDIR  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
its file           ok      ENOTDIR EACCES  EROFS   ok      EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
nothing in it      ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
no view            ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   EROFS   ENOTSUP
send/              ok      ok      ok      ok      EISDIR  EISDIR  EISDIR  EISDIR  EBUSY   EISDIR  EISDIR  EEXIST  EPERM   ok      ok      EPERM   ENOTSUP
a queued file      ok      ENOTDIR EACCES  ok      ok      ok      ok      ok      ok      ok      ok      EEXIST  ENOTDIR ok      ok      EPERM   ENOTSUP
a submitted file   ok      ENOTDIR EACCES  EACCES  ok      EPERM   EPERM   EPERM   EBUSY   EEXIST  EPERM   EEXIST  ENOTDIR ok      ok      EPERM   ENOTSUP
a made folder      ok      ok      ok      ok      EISDIR  EISDIR  EISDIR  EISDIR  ENOTSUP EISDIR  EISDIR  EEXIST  ENOTEMPTY ok      ok      EPERM   ENOTSUP
its member         ok      ENOTDIR EACCES  ok      ok      ok      ok      ok      ok      ok      ok      EEXIST  ENOTDIR ok      ok      EPERM   ENOTSUP
others’ folder     ok      ok      ok      EACCES  EISDIR  EISDIR  EISDIR  EISDIR  EBUSY   EISDIR  EISDIR  EEXIST  EPERM   ok      ok      EPERM   ENOTSUP
others’ file       ok      ENOTDIR EACCES  EACCES  ok      EPERM   ENOENT  EPERM   EBUSY   ENOENT  EPERM   EEXIST  EPERM   ok      ok      EPERM   ENOTSUP
nothing in send/   ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  ok      ENOENT  ENOENT  ok      ENOENT  ok      ENOENT  ENOENT  ENOENT  EPERM   ENOTSUP
new/               ok      ok      ok      ok      EISDIR  EISDIR  EEXIST  EISDIR  EXDEV   EXDEV   EISDIR  EEXIST  EPERM   ok      ok      EPERM   ENOTSUP
a received file    ok      ENOTDIR EACCES  ok      ok      ok      EEXIST  EROFS   EXDEV   EXDEV   ok      EEXIST  ENOTDIR ok      ok      EPERM   ENOTSUP
a lock file        ok      ENOTDIR EACCES  ok      ok      ok      EEXIST  ok      EXDEV   EXDEV   ok      EEXIST  ENOTDIR ok      ok      EPERM   ENOTSUP
a folder in new/   ok      ok      ok      ok      EISDIR  EISDIR  EEXIST  EISDIR  EXDEV   EXDEV   EISDIR  EEXIST  ok      ok      ok      EPERM   ENOTSUP
nothing in new/    ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  ENOENT  ok      ENOENT  EXDEV   EXDEV   ENOENT  ok      ENOENT  ENOENT  ENOENT  EPERM   ENOTSUP
`

/** The outcomes of a row of the table, by place. */
const expected = new Map(
  table
    .split('\n')
    .slice(2)
    .map((line) => [line.slice(0, 19).trim(), line.slice(19).split(/ +/)]),
)

for (const [place, path] of Object.entries(places)) {
  t.test(place, async (t) => t.same(await outcomesAt(t, path), expected.get(place)))
}

t.test('a mount that is read-only refuses every change, and nothing else', async (t) => {
  const it = await filesystemWorld(t, { objects, stations: [globex], readOnly: true })
  const paths = Object.values(places)
  const changes = Object.keys(operations).filter((name) => !looks.includes(name) && !['link', 'xattr'].includes(name))
  for (const name of [...changes, 'mayWrite']) {
    for (const path of paths) {
      const isThere = (await outcome(it.fs.getattr(path, never()))) === 'ok'
      if (isThere || name !== 'mayWrite')
        t.equal(await outcome(operations[name]!(it, path)), 'EROFS', `${name} ${path}`)
    }
  }
  t.same(await it.names('/ACME/GLOBEX/send'), ['others'])
  t.equal(await it.read('/ACME/GLOBEX/send/others/deep.edi'), objects['send/ACME/GLOBEX/others/deep.edi'])
})

t.test('what can be renamed is renamed within one send/', async (t) => {
  const it = await filesystemWorld(t, { stations: [globex, { station: 'ACME', partner: 'INITECH' }] })
  await it.write('/ACME/GLOBEX/send/a.tmp')
  const elsewhere = it.fs.rename('/ACME/GLOBEX/send/a.tmp', '/ACME/INITECH/send/a.tmp', never())
  t.equal(await outcome(elsewhere), 'EXDEV')
  t.equal(await outcome(it.fs.rename('/ACME/GLOBEX/send/a.tmp', '/ACME/GLOBEX/inbox/a.tmp', never())), 'EROFS')
  t.same(await it.names('/ACME/GLOBEX/send'), ['a.tmp'])
})
