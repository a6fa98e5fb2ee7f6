/** Stations and partners: in the bucket, in the configuration, made with mkdir; and while the bucket does not answer. */
import t from 'tap'
import { filesystemWorld, outcome, soon } from '../helpers/filesystem-world.js'
import { accessDenied, keysRefused, unreachable } from '../helpers/memory-store.js'
import { never } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const globex = { station: 'ACME', partner: 'GLOBEX' }
const hanging = { hold: new Promise(() => undefined) }

t.test('all that any root of the bucket has, and the configuration names, is there', async (t) => {
  const it = await filesystemWorld(t, {
    stations: [{ station: 'OURS', partner: 'THEIRS' }],
    objects: {
      'files/ACME/GLOBEX/inbox/1/a': '',
      'headers/ACME/H/inbox/1/a': '',
      'raw-message/ACME/R/inbox/1/a': '',
      'send/ACME/S/a': '',
      'duplicate/D/D/a': '',
      'raw-mdn/incoming/M/M/a': '',
    },
  })
  t.same(await it.names('/'), ['.as2fs', 'ACME', 'D', 'OURS'])
  t.same(await it.names('/ACME'), ['GLOBEX', 'H', 'R', 'S'])
  t.same(await it.names('/OURS'), ['THEIRS'])
  t.equal((await it.fs.getattr('/D/D/send', never())).kind, 'folder', 'sent to before anything came')
  t.equal(await outcome(it.fs.getattr('/M', never())), 'ENOENT', 'a receipt makes no partner')
})

t.test('a folder of the views is there for every partner, whatever the bucket has', async (t) => {
  const it = await filesystemWorld(t, { stations: [globex] })
  const folders = ['delivery', 'duplicate', 'headers', 'inbox', 'mdn', 'new', 'outbox', 'raw-message', 'send']
  t.same(await it.names('/ACME/GLOBEX'), folders)
  for (const name of folders) t.equal((await it.fs.getattr(`/ACME/GLOBEX/${name}`, never())).kind, 'folder')
  t.equal((await it.list('/ACME/GLOBEX')).find((it) => it.name === 'send')?.mode, 0o755)
  t.same(await it.names('/ACME/GLOBEX/send'), [])
})

t.test('ids that are no names are found under the names that they are shown by', async (t) => {
  const ids = ['A B', '.', '..', '.as2fs', 'a%2Fb', '\n', 'ü', 'x'.repeat(300)]
  const it = await filesystemWorld(t, {
    objects: Object.fromEntries(ids.flatMap((id) => [[`files/${id}/${id}/inbox/1/a`, id]])),
  })
  const stations = (await it.names('/')).slice(1)
  t.equal(stations.length, ids.length)
  const contents: string[] = []
  for (const station of stations) {
    const [partner = ''] = await it.names(`/${station}`)
    contents.push(await it.read(`/${station}/${partner}/inbox/1/a`))
    await it.write(`/${station}/${partner}/send/a.tmp`)
    t.same(await it.names(`/${station}/${partner}/send`), ['a.tmp'])
  }
  t.same(contents.sort(), [...ids].sort())
})

t.test('mkdir makes a partner, and rmdir takes it away', async (t) => {
  const it = await filesystemWorld(t)
  t.equal(await outcome(it.fs.mkdir('/NEW/PARTNER', never())), 'ENOENT')
  await it.fs.mkdir('/NEW', never())
  t.equal(await outcome(it.fs.mkdir('/NEW', never())), 'EEXIST')
  await it.fs.mkdir('/NEW/PARTNER', never())
  t.equal(await outcome(it.fs.mkdir('/NEW/PARTNER', never())), 'EEXIST')
  await it.write('/NEW/PARTNER/send/a.tmp')
  t.equal(await outcome(it.fs.rmdir('/NEW/PARTNER', never())), 'ENOTEMPTY', 'a file waits')
  await it.fs.unlink('/NEW/PARTNER/send/a.tmp', never())
  t.equal(await outcome(it.fs.rmdir('/NEW', never())), 'ENOTEMPTY')
  await it.fs.rmdir('/NEW/PARTNER', never())
  await it.fs.rmdir('/NEW', never())
  t.same(await it.names('/'), ['.as2fs'])
  t.equal(await outcome(it.fs.mkdir('/a%2F', never())), 'EINVAL', 'no id’s name')
})

t.test('what the bucket has, or the configuration names, is not removed', async (t) => {
  const it = await filesystemWorld(t, { stations: [globex], objects: { 'files/INITECH/GLOBEX/inbox/1/a': '' } })
  for (const path of ['/ACME', '/ACME/GLOBEX', '/INITECH', '/INITECH/GLOBEX']) {
    t.equal(await outcome(it.fs.rmdir(path, never())), 'EPERM', path)
  }
})

t.test('one that was in the bucket once, and is no more, can be removed', async (t) => {
  const it = await filesystemWorld(t, { objects: { 'files/INITECH/GLOBEX/inbox/1/a': '' } })
  await it.names('/INITECH')
  it.store.delete('AS2/files/INITECH/GLOBEX/inbox/1/a')
  t.same(await it.names('/INITECH'), ['GLOBEX'], 'who was seen stays')
  await it.fs.rmdir('/INITECH/GLOBEX', never())
  await it.fs.rmdir('/INITECH', never())
  t.same(await it.names('/'), ['.as2fs'])
})

t.test('whoever is known is there at once while the bucket hangs, and can be sent to', async (t) => {
  const it = await filesystemWorld(t, { stations: [globex], objects: { 'files/INITECH/SEEN/inbox/1/a': '' } })
  await it.fs.mkdir('/MADE', never())
  await it.fs.mkdir('/MADE/HERE', never())
  await it.names('/INITECH')
  it.bucketIs(hanging)
  t.same(await it.names('/'), ['.as2fs', 'ACME', 'INITECH', 'MADE'])
  for (const path of ['/ACME/GLOBEX', '/INITECH/SEEN', '/MADE/HERE']) {
    t.equal((await it.fs.getattr(path, soon())).kind, 'folder')
    await it.write(`${path}/send/a.tmp`)
    t.same(await it.names(`${path}/send`), ['a.tmp'])
  }
})

t.test('whether a stranger is there, only the bucket can tell', async (t) => {
  const it = await filesystemWorld(t, { stations: [globex] })
  it.bucketIs(hanging)
  t.equal(await outcome(it.fs.getattr('/STRANGER', soon())), 'ETIMEDOUT')
  t.equal(await outcome(it.fs.getattr('/ACME/STRANGER', soon())), 'ETIMEDOUT')
  const unreached = await filesystemWorld(t, { stations: [globex] })
  unreached.bucketIs({ before: unreachable() })
  t.equal(await outcome(unreached.fs.getattr('/STRANGER', never())), 'EIO')
  t.equal(await outcome(unreached.fs.mkdir('/STRANGER', never())), 'EIO')
})

t.test('keys that may list nothing have the partners of the configuration', async (t) => {
  const it = await filesystemWorld(t, { stations: [globex] })
  it.bucketIs({ before: accessDenied() })
  t.same(await it.names('/'), ['.as2fs', 'ACME'])
  t.same(await it.names('/ACME'), ['GLOBEX'])
  t.equal(await outcome(it.fs.getattr('/STRANGER', never())), 'EACCES')
})

t.test('keys that may not list one root have what the others have', async (t) => {
  const it = await filesystemWorld(t, { objects: { 'headers/ACME/GLOBEX/inbox/1/a': '' } })
  it.store.intercept = ({ key }) => (key.startsWith('AS2/files/') ? { before: accessDenied() } : undefined)
  t.equal((await it.fs.getattr('/ACME/GLOBEX', never())).kind, 'folder')
  t.equal(await outcome(it.fs.getattr('/STRANGER', never())), 'ENOENT')
})

t.test('keys that are refused for one root say of nobody that he is not there', async (t) => {
  const it = await filesystemWorld(t, { objects: { 'headers/ACME/GLOBEX/inbox/1/a': '' } })
  // They are exchanged just now.
  it.store.intercept = ({ key }) => (key.startsWith('AS2/files/') ? { before: keysRefused() } : undefined)
  t.equal(await outcome(it.fs.getattr('/STRANGER', never())), 'EACCES')
  t.equal(await outcome(it.fs.readdir('/', never())), 'EACCES')
  it.store.intercept = undefined
  await until('the failure to be over', async () => (await outcome(it.fs.getattr('/STRANGER', never()))) === 'ENOENT')
  t.same(await it.names('/'), ['.as2fs', 'ACME'])
})
