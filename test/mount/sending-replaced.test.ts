/** A file that somebody has open, and another that is to take its name: whatever comes of that, nothing is lost. */
import { open, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Mounted, mount } from '../helpers/mounted.js'
import { inState, sendRows } from '../helpers/send-state.js'

const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`

async function world(t: Test): Promise<{ mounted: Mounted; send: string }> {
  const mounted = await mount(t, { proxied: true, flags: ['--station', 'ACME/GLOBEX'] })
  return { mounted, send: mounted.path('ACME/GLOBEX/send') }
}

t.test('a rename that is refused leaves the open file in its place, and it is sent when it is closed', async (t) => {
  const { mounted, send } = await world(t)
  mounted.proxy.add({ operation: 'PutObject', times: 1, fault: { stall: true } })
  await writeFile(join(send, 'sent.edi'), 'is on its way')
  await inState(mounted, 'sent.edi', 'uploading')
  const file = await open(join(send, 'order.edi'), 'w')
  await file.write('half ')
  await t.rejects(rename(join(send, 'sent.edi'), join(send, 'order.edi')), { code: 'EBUSY' })
  t.same((await readdir(send)).sort(), ['order.edi', 'sent.edi'])
  t.equal((await stat(join(send, 'order.edi'))).size, 5)
  t.equal((await file.stat()).size, 5)
  t.equal(await readFile(join(send, 'order.edi'), 'utf8'), 'half ')
  await file.write('and whole')
  await file.close()
  t.equal((await mounted.inBucket(key('order.edi'))).toString(), 'half and whole')
  await inState(mounted, 'order.edi', 'submitted')
  mounted.proxy.resetConnections()
  await mounted.inBucket(key('sent.edi'))
  t.same(mounted.puts(), [key('order.edi'), key('sent.edi')])
})

t.test('a rename that succeeds: the new file is sent, and who has the old one open may go on with it', async (t) => {
  const { mounted, send } = await world(t)
  const file = await open(join(send, 'order.edi'), 'w+')
  await file.write('old')
  await writeFile(join(send, '.new'), 'the new one')
  await rename(join(send, '.new'), join(send, 'order.edi'))
  await file.write(' and on')
  t.equal((await file.read(Buffer.alloc(100), 0, 100, 0)).bytesRead, 'old and on'.length)
  await file.stat()
  t.equal((await mounted.inBucket(key('order.edi'))).toString(), 'the new one')
  await file.close()
  await inState(mounted, 'order.edi', 'submitted')
  t.same(mounted.puts(), [key('order.edi')])
  t.same(
    (await sendRows(mounted)).map((it) => it.path),
    ['order.edi'],
  )
})

t.test('a file that is removed while it is open is not sent, and goes on for who has it open', async (t) => {
  const { mounted, send } = await world(t)
  const file = await open(join(send, 'order.edi'), 'w+')
  await file.write('removed')
  await unlink(join(send, 'order.edi'))
  t.same(await readdir(send), [])
  t.same(await sendRows(mounted), [], 'nothing of it waits')
  await file.write(' and on')
  await file.truncate(10)
  await file.utimes(5, 5)
  await file.chmod(0o600)
  t.equal((await file.stat()).size, 10)
  t.equal((await file.read(Buffer.alloc(100), 0, 100, 0)).buffer.toString('utf8', 0, 10), 'removed an')
  await writeFile(join(send, 'order.edi'), 'another')
  t.equal((await file.stat()).size, 10)
  await file.close()
  await mounted.inBucket(key('order.edi'))
  t.equal((await mounted.inBucket(key('order.edi'))).toString(), 'another')
  t.same(mounted.puts(), [key('order.edi')])
})
