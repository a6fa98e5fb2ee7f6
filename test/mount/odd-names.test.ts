/** Keys that no file could be called: each is shown under one name, and read under it. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mount } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox/'

/** Keys below the inbox, and the paths that stand for them. */
const shown: Readonly<Record<string, string>> = {
  '1/two\nlines.edi': '1/two%0Alines.edi',
  '1/tab\tbell\x07delete\x7f.edi': '1/tab%09bell%07delete%7F.edi',
  '1/escape%0A.edi': '1/escape%250A.edi',
  '1/escape%250A.edi': '1/escape%25250A.edi',
  '1/100% a%20b.edi': '1/100% a%20b.edi',
  '../up.edi': '%2E%2E/up.edi',
  './here.edi': '%2E/here.edi',
  '2/..': '2/%2E%2E',
  '3//nothing between.edi': '3/%2F/nothing between.edi',
  '/at the start.edi': '%2F/at the start.edi',
  both: 'both%2F',
  'both/inside.edi': 'both/inside.edi',
  'both%2F': 'both%252F',
  '4/-rf': '4/-rf',
  '4/$(id) `id` "quoted" \'too\' *? \\ ;&|': '4/$(id) `id` "quoted" \'too\' *? \\ ;&|',
  '4/Größe 訂單 🚚.edi': '4/Größe 訂單 🚚.edi',
  '4/.hidden': '4/.hidden',
}
const tooLong = `${'long '.repeat(60)}.edi`

const objects = Object.fromEntries(
  [...Object.keys(shown), `5/${tooLong}`].map((key) => [inbox + key, `content of ${key}`]),
)
const mounted = await mount(t, {
  objects: {
    ...objects,
    [`${inbox}marked/`]: '',
    [`${inbox}1/`]: '',
    'AS2/files/LINDEN LOGISTIK/a&b="c"/inbox/1/order.edi': 'ISA*00*',
    'AS2/files/.as2fs/GLOBEX/inbox/1/order.edi': 'ISA*00*',
  },
})
const view = mounted.path('ACME/GLOBEX/inbox')

t.test('every key is listed under its own name, and only that', async (t) => {
  const files = (await sh(`cd '${view}' && find . -type f -print0`)).split('\0').filter((path) => path !== '')
  const expected = Object.values(shown).map((path) => `./${path}`)
  t.same(files.filter((path) => !path.startsWith('./5/')).sort(), expected.sort())
})

t.test('every key is read under its name', async (t) => {
  for (const [key, path] of Object.entries(shown)) {
    t.equal(await readFile(join(view, path), 'utf8'), `content of ${key}`, path)
    t.equal((await stat(join(view, path))).size, Buffer.byteLength(`content of ${key}`))
  }
})

t.test('a name that is too long is cut, with a hash at its end, and read', async (t) => {
  const [name = ''] = (await sh(`ls '${view}/5'`)).split('\n')
  t.equal(Buffer.byteLength(name), 255)
  t.match(name, /^long long .*~[0-9a-f]{16}$/)
  t.equal(await readFile(join(view, '5', name), 'utf8'), `content of 5/${tooLong}`)
})

t.test('a folder marker is a folder, and no file', async (t) => {
  t.ok((await stat(join(view, 'marked'))).isDirectory())
  t.equal(await sh(`ls -A '${view}/marked'`), '')
})

t.test('the unescaped form of an escaped name is nobody’s', async (t) => {
  for (const path of ['1/two\nlines.edi', '1/escape%0A.edi', '1/escape%2525250A.edi', 'both%252F/x', '%2E%2E']) {
    const found = await stat(join(view, path)).then(
      (it) => (it.isDirectory() ? 'folder' : 'file'),
      () => 'absent',
    )
    t.equal(found, path === '%2E%2E' ? 'folder' : 'absent', JSON.stringify(path))
  }
})

t.test('programs that walk go through all of it', async (t) => {
  const there = t.testdir()
  t.match(await run('tar', ['-C', view, '-cf', join(there, 'all.tar'), '.']), { code: 0, stderr: '' })
  t.match(await run('cp', ['-r', view, join(there, 'copy')]), { code: 0, stderr: '' })
  const packed = await sh(`tar -tf '${there}/all.tar' | grep -vc '/$'`)
  t.equal(Number(packed), Object.keys(objects).length)
  for (const [key, path] of Object.entries(shown)) {
    t.equal(await readFile(join(there, 'copy', path), 'utf8'), `content of ${key}`)
  }
})

t.test('stations and partners with spaces and quotes, and one that is called as the daemon’s own folder', async (t) => {
  t.equal(await readFile(mounted.path('LINDEN LOGISTIK/a&b="c"/inbox/1/order.edi'), 'utf8'), 'ISA*00*')
  t.equal(await readFile(mounted.path('.as2fs%2F/GLOBEX/inbox/1/order.edi'), 'utf8'), 'ISA*00*')
  t.ok((await stat(mounted.path('.as2fs/status.json'))).isFile())
})
