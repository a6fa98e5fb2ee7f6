/** `--disk-cache`: what was read is there after a restart, and is what the bucket has. */
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type Mounted, prepare } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox'
const large = Buffer.from(Uint32Array.from({ length: 3 * 1024 * 1024 }, (_, i) => i).buffer)
const order = Buffer.from("UNB+UNOC:3'\n")

const mounted = await prepare(t)
const cache = join(mounted.directory, 'cache')
const flags = ['--disk-cache', cache, '--disk-cache-size', '64MiB', '--list-ttl', '200ms']
mounted.server.put(`${inbox}/order.edi`, order)
mounted.server.put(`${inbox}/large.bin`, large)
await mounted.mount(flags)
const view = mounted.path('ACME/GLOBEX/inbox')

const gets = (of: Mounted): number => of.server.requests.list.filter((it) => it.operation === 'GetObject').length

async function files(): Promise<string[]> {
  const entries = await readdir(cache, { recursive: true, withFileTypes: true })
  return entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name))
}

/** As `cat` does, whose reads come in order: an object is cut into the same blocks each time. */
async function readLarge(): Promise<void> {
  await sh(`cat ${view}/large.bin > ${mounted.directory}/copy`)
  t.ok(large.equals(await readFile(join(mounted.directory, 'copy'))))
}

async function readBoth(): Promise<void> {
  t.ok(order.equals(await readFile(join(view, 'order.edi'))))
  await readLarge()
}

t.test('what is read is kept in the background, for its owner alone', async (t) => {
  await readBoth()
  await until('all blocks on disk', async () => {
    const all = await files()
    return all.length === gets(mounted) && !all.some((it) => it.endsWith('.tmp'))
  })
  for (const file of await files()) t.equal((await stat(file)).mode & 0o777, 0o600)
  t.match((await mounted.status()).cache.disk, { limit: 64 * 1024 * 1024, hits: 0, damaged: 0, dropped: 0 })
})

t.test('after a crash it is read from the disk', async (t) => {
  t.equal(await mounted.kill('SIGKILL'), 'SIGKILL')
  await mounted.mount(flags)
  const before = gets(mounted)
  await readBoth()
  t.ok(gets(mounted) - before <= 2, `${gets(mounted) - before} GETs`)
  t.ok(await until('the hits in status', async () => ((await mounted.status()).cache.disk?.hits ?? 0) >= 4))
})

t.test('a message that was replaced meanwhile is read from the bucket', async (t) => {
  await mounted.kill('SIGTERM')
  mounted.server.put(`${inbox}/order.edi`, Buffer.from('another order'))
  await mounted.mount(flags)
  t.equal(await readFile(join(view, 'order.edi'), 'utf8'), 'another order')
})

t.test('what was damaged on the disk is fetched again', async (t) => {
  await mounted.kill('SIGTERM')
  for (const file of await files()) {
    const bytes = await readFile(file)
    for (let at = 4096; at < bytes.length; at += 1024) bytes[at] = (bytes[at] ?? 0) ^ 1
    await writeFile(file, bytes)
  }
  await mounted.mount(flags)
  await readLarge()
  t.ok(await until('the damage in status', async () => ((await mounted.status()).cache.disk?.damaged ?? 0) > 0))
})

t.test('without the option nothing is kept', async (t) => {
  await mounted.kill('SIGTERM')
  const before = await files()
  await mounted.mount()
  await readLarge()
  t.equal((await mounted.status()).cache.disk, undefined)
  t.same(await files(), before)
})

t.test('a directory that can’t be used is a sentence at the mount', async (t) => {
  await mounted.kill('SIGTERM')
  const file = join(mounted.directory, 'file')
  await writeFile(file, '')
  await chmod(file, 0o600)
  await t.rejects(mounted.mount(['--disk-cache', join(file, 'below')]), { message: /--disk-cache.*can't be written/ })
  await mounted.ended()
  await t.rejects(mounted.mount(['--disk-cache', mounted.path('cache')]), { message: /below the mountpoint/ })
})
