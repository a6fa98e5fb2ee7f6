/** A file that left `send/`: when it is no longer shown, and its name given again. */
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { type Mounted, prepare } from '../helpers/mounted.js'
import { inState, taken } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const prefix = 'AS2/send/ACME/GLOBEX/'
const flags = ['--station', 'ACME/GLOBEX', '--list-ttl', '100ms', '--on-duplicate', 'send']

const lists = (mounted: Mounted): number =>
  mounted.proxy.requests.filter((it) => it.operation === 'ListObjectsV2' && it.key === prefix).length

t.test('what the gateway took is gone from the first listing on that says so', async (t) => {
  const mounted = await prepare(t, { flags, proxied: true })
  await mounted.mount()
  const send = mounted.path('ACME/GLOBEX/send')
  for (const name of ['a.edi', 'b.edi', 'c.edi']) {
    await writeFile(`${send}/${name}`, name)
    await inState(mounted, name, 'submitted')
    await until('it to be shown', async () => (await readdir(send)).includes(name))
    mounted.server.delete(prefix + name)
    const before = lists(mounted)
    const shown = await until('a look that lists', async () => {
      const isTold = lists(mounted) > before
      // More than the ttl, so that each look lists.
      await pause(150)
      const names = await readdir(send)
      return isTold ? names : undefined
    })
    t.same(shown, [])
  }
})

t.test('that it was taken is noticed with nobody looking', async (t) => {
  const mounted = await prepare(t, { flags, proxied: true })
  await mounted.mount()
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'order')
  await inState(mounted, 'order.edi', 'submitted')
  const before = lists(mounted)
  await until('a look that finds it there', () => lists(mounted) > before)
  await inState(mounted, 'order.edi', 'submitted')
  mounted.server.delete(`${prefix}order.edi`)
  await taken(mounted, 'order.edi')
})

t.test('its name is given again at once, whatever the kernel believes yet', async (t) => {
  const mounted = await prepare(t, { flags })
  await mounted.mount()
  const send = mounted.path('ACME/GLOBEX/send')
  const ways: Readonly<Record<string, (path: string, content: string) => Promise<void>>> = {
    'O_CREAT | O_TRUNC': (path, content) => writeFile(path, content),
    'O_CREAT | O_APPEND': (path, content) => writeFile(path, content, { flag: 'a' }),
    'O_CREAT | O_EXCL': (path, content) => writeFile(path, content, { flag: 'wx' }),
    'O_CREAT | O_RDWR': async (path, content) => {
      const file = await open(path, 'a+')
      await file.write(content)
      await file.close()
    },
  }
  for (const [way, write] of Object.entries(ways)) {
    await t.test(way, async (t) => {
      const path = `${send}/order.edi`
      await writeFile(path, 'the first, which is longer')
      await mounted.inBucket(`${prefix}order.edi`)
      await inState(mounted, 'order.edi', 'submitted')
      mounted.server.delete(`${prefix}order.edi`)
      await until('its end', async () => {
        await stat(path).catch(() => undefined)
        return !(await readdir(send)).includes('order.edi')
      })
      await write(path, 'the second')
      t.equal(await readFile(path, 'utf8'), 'the second')
      t.equal(String(await mounted.inBucket(`${prefix}order.edi`)), 'the second')
      await inState(mounted, 'order.edi', 'submitted')
      mounted.server.delete(`${prefix}order.edi`)
      await until('its end', async () => (await readdir(send)).length === 0)
      await t.rejects(readFile(path), { code: 'ENOENT' })
    })
  }
})
