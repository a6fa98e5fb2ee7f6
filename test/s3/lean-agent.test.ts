/** Connections that share the memory they read into: whoever reads, and however late, gets its own bytes or an error. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { readBody } from '../../src/s3/body.js'
import { LeanAgent } from '../../src/s3/lean-agent.js'
import { seededRandom } from '../helpers/faults.js'

const sizeOf = (i: number): number => Math.floor(seededRandom(i)() * 900_000)
const contentOf = (i: number): Buffer =>
  Buffer.from(
    Uint32Array.from({ length: Math.ceil(sizeOf(i) / 4) }, (_, n) => n * 7919 + i * 104729).buffer,
    0,
    sizeOf(i),
  )

type Reader = (body: IncomingMessage, size: number, agent: LeanAgent) => Promise<Uint8Array>

/** Two hundred answers over eight connections, each read in its own way. */
async function readAll(t: Test, readers: readonly Reader[]): Promise<{ right: number; wrong: number; failed: number }> {
  const server = createServer((incoming, response) => {
    const content = contentOf(Number(incoming.url?.slice(1)))
    response.writeHead(200, { 'content-length': content.length })
    // In pieces that fit nothing, the first one with the head.
    response.write(content.subarray(0, 1_000))
    for (let at = 1_000; at < content.length; at += 77_777) response.write(content.subarray(at, at + 77_777))
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new LeanAgent({ keepAlive: true, maxSockets: 8 })
  t.teardown(() => {
    agent.destroy()
    server.close()
  })
  const outcome = { right: 0, wrong: 0, failed: 0 }
  const one = async (i: number): Promise<void> => {
    try {
      const sent = request({ host: '127.0.0.1', port, path: `/${i}`, agent })
      sent.on('error', () => undefined).end()
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      const bytes = await readers[i % readers.length]!(answer, sizeOf(i), agent)
      if (contentOf(i).equals(bytes)) outcome.right += 1
      else outcome.wrong += 1
    } catch {
      outcome.failed += 1
    }
  }
  await Promise.all(Array.from({ length: 200 }, (_, i) => one(i)))
  return outcome
}

const copying: Reader = (body, size, agent) => readBody(body, size, { copiesAtOnce: () => agent.copiesAtOnce(body) })
const keeping: Reader = (body) => buffer(body)
const late: Reader = async (body) => {
  await pause(5)
  return buffer(body)
}
const lateButCopying: Reader = async (body, size, agent) => {
  await pause(5)
  return copying(body, size, agent)
}
/** Says that it copies, and does not listen to what comes. */
const lying: Reader = async (body, _size, agent) => {
  agent.copiesAtOnce(body)
  body.once('data', () => body.pause())
  await pause(5)
  return buffer(body)
}

t.test('all kinds of readers side by side', async (t) => {
  t.same(await readAll(t, [copying, keeping, copying, late, lateButCopying]), { right: 200, wrong: 0, failed: 0 })
})

t.test('a reader that does not copy what it said it would never takes another’s bytes', async (t) => {
  // The first piece was taken by its own listener, so what it has is never whole.
  const { right } = await readAll(t, [copying, lying])
  t.equal(right, 100, 'and the others have theirs')
})
