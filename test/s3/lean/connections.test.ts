/** Connections of our own, against servers that cut, split, repeat and garble what they say: a body comes whole, or not at all. */
import fc from 'fast-check'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createServer as createSecureServer } from 'node:tls'
import t, { type Test } from 'tap'
import type { Answer, Question } from '../../../src/s3/lean/connection.js'
import { Connections } from '../../../src/s3/lean/connections.js'
import { networkOf } from '../../../src/s3/network.js'
import { certificate } from '../../helpers/network-servers.js'
import { until } from '../../helpers/until.js'

const body = Buffer.from('0123456789')
const head = Buffer.from(`HTTP/1.1 200 OK\r\nETag: "abc"\r\nContent-Length: ${body.length}\r\n\r\n`)
const whole = Buffer.concat([head, body])

/** What a server does with the request that has just come on a connection. */
type Answering = (socket: Socket, nth: number) => void

interface World {
  readonly connections: Connections
  /** How many came so far. */
  readonly opened: () => number
  answering: Answering
}

async function world(t: Test, answering: Answering, isSecure = false): Promise<World> {
  let [opened, requests] = [0, 0]
  const listener = (socket: Socket): void => {
    opened += 1
    socket.setNoDelay(true).on('error', () => undefined)
    let asked = ''
    socket.on('data', (text) => {
      asked += text.toString('latin1')
      for (let end = asked.indexOf('\r\n\r\n'); end >= 0; end = asked.indexOf('\r\n\r\n')) {
        asked = asked.slice(end + 4)
        it.answering(socket, (requests += 1))
      }
    })
  }
  const files = isSecure ? await certificate(t) : undefined
  const server = files
    ? createSecureServer({ key: await readFile(files.key), cert: await readFile(files.ca) }, listener)
    : createServer(listener)
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const network = networkOf(files ? { caFile: { path: files.ca, from: '--ca-file' } } : {})
  const connections = new Connections({ isSecure, host: 'localhost', port }, network)
  const it: World = { connections, opened: () => opened, answering }
  t.teardown(async () => {
    connections.close()
    server.close()
    await once(server, 'close')
  })
  return it
}

const patience = (): AbortSignal => AbortSignal.timeout(20_000)

async function ask({ connections }: World, options: Partial<Question> = {}): Promise<Answer | undefined> {
  const answer = await connections.ask({
    request: 'GET /key HTTP/1.1\r\nhost: here\r\n\r\n',
    bodyFor: ({ length }) => Buffer.alloc(length),
    heard: () => undefined,
    signal: patience(),
    ...options,
  })
  return typeof answer === 'number' ? undefined : answer
}

for (const [how, isSecure] of [
  ['plain', false],
  ['with TLS', true],
] as const) {
  t.test(`a body in one piece, and one after the other on one connection, ${how}`, async (t) => {
    const it = await world(t, (socket) => socket.write(whole), isSecure)
    for (let i = 0; i < 20; i += 1) {
      t.ok(body.equals((await ask(it))?.body ?? Buffer.alloc(0)))
      // A connection is used again one turn later.
      await nextTurn()
    }
    t.equal(it.opened(), 1)
  })

  t.test(`split at any byte it is the same, ${how}`, async (t) => {
    const it = await world(t, () => undefined, isSecure)
    for (let at = 1; at < whole.length; at += 1) {
      it.answering = (socket) => {
        socket.write(whole.subarray(0, at))
        setImmediate(() => setImmediate(() => socket.write(whole.subarray(at))))
      }
      t.ok(body.equals((await ask(it))?.body ?? Buffer.alloc(0)), `split at ${at}`)
    }
  })

  t.test(`cut at any byte there is none, and the next one comes on another connection, ${how}`, async (t) => {
    const it = await world(t, () => undefined, isSecure)
    for (const ending of ['end', 'destroy', 'resetAndDestroy'] as const) {
      for (let at = 0; at < whole.length; at += 1) {
        it.answering = (socket) =>
          socket.write(whole.subarray(0, at), () => (isSecure ? socket.destroy() : socket[ending]()))
        t.equal(await ask(it), undefined, `${ending} after ${at}`)
      }
    }
    it.answering = (socket) => socket.write(whole)
    t.ok(body.equals((await ask(it))?.body ?? Buffer.alloc(0)))
  })

  t.test(
    `a large body comes into the memory that is there for it, and nothing behind it is touched, ${how}`,
    async (t) => {
      const large = Buffer.alloc(3_000_001, 'large ')
      const head = `HTTP/1.1 206 Partial Content\r\nContent-Length: ${large.length}\r\n\r\n`
      const it = await world(
        t,
        (socket) => {
          socket.write(head)
          socket.write(large)
        },
        isSecure,
      )
      const room = Buffer.alloc(large.length + 100)
      const into = room.subarray(50, 50 + large.length)
      let heard = 0
      const answer = await ask(it, { bodyFor: () => into, heard: (bytes) => (heard += bytes) })
      t.equal(answer?.body, into)
      t.ok(large.equals(into))
      t.equal(heard, large.length)
      t.ok(room.subarray(0, 50).every((byte) => byte === 0) && room.subarray(-50).every((byte) => byte === 0))
    },
  )
}

t.test('more than was announced is no answer, and answers nothing else', async (t) => {
  const other = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcdefghij`)
  const it = await world(t, (socket) => socket.write(Buffer.concat([whole, other])))
  for (let i = 0; i < 5; i += 1) {
    const answer = await ask(it)
    t.ok(answer === undefined || body.equals(answer.body), 'never the one that nobody asked for')
    await nextTurn()
  }
  it.answering = (socket) => {
    socket.write(whole)
    setImmediate(() => socket.write(other))
  }
  for (let i = 0; i < 5; i += 1) {
    const answer = await ask(it)
    t.ok(answer === undefined || body.equals(answer.body))
    // The other one has come when the next is asked for, or its connection is gone.
    await until('what was not asked for', () => true)
  }
})

t.test('who gives up has his memory back at once', async (t) => {
  const it = await world(t, (socket) => socket.write(whole.subarray(0, -5)))
  const into = Buffer.alloc(body.length)
  const giveUp = new AbortController()
  const sockets: Socket[] = []
  it.answering = (socket) => {
    sockets.push(socket)
    socket.write(whole.subarray(0, -5))
  }
  const asking = ask(it, {
    bodyFor: () => into,
    signal: giveUp.signal,
    heard: (bytes) => {
      if (bytes > 0) giveUp.abort()
    },
  })
  t.equal(await asking, undefined)
  const before = Buffer.from(into)
  sockets[0]?.write(whole.subarray(-5))
  await until('the connection to be closed', () => sockets[0]?.destroyed)
  t.ok(before.equals(into))
})

t.test('who gave up before he asked, and who says that it is not what he asked for', async (t) => {
  const it = await world(t, (socket) => socket.write(whole))
  t.equal(await ask(it, { signal: AbortSignal.abort() }), undefined)
  const refuse = (): Uint8Array => {
    throw new Error('of another version')
  }
  t.equal(await ask(it, { bodyFor: refuse }), undefined)
  t.ok(await ask(it))
})

t.test('a server that ends connections that are not used', async (t) => {
  const it = await world(t, (socket) => socket.write(whole, () => socket.end()))
  for (let i = 0; i < 20; i += 1) {
    const answer = await ask(it)
    t.ok(answer === undefined || body.equals(answer.body))
  }
})

t.test('one that says so, on every answer', async (t) => {
  const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
  const it = await world(t, (socket) => socket.end(Buffer.concat([Buffer.from(head), body])))
  for (let i = 0; i < 5; i += 1) t.ok(body.equals((await ask(it))?.body ?? Buffer.alloc(0)))
  t.equal(it.opened(), 5)
})

t.test('nobody there', async (t) => {
  const connections = new Connections({ isSecure: false, host: '127.0.0.1', port: 9 }, networkOf())
  t.teardown(() => connections.close())
  t.equal(await ask({ connections, opened: () => 0, answering: () => undefined }), undefined)
})

t.test('no more connections than may be: others are left to the SDK', async (t) => {
  const it = await world(t, () => undefined)
  const giveUp = new AbortController()
  const waiting = Array.from({ length: 64 }, () => ask(it, { signal: giveUp.signal }))
  t.equal(await ask(it), undefined)
  giveUp.abort()
  await Promise.all(waiting)
  it.answering = (socket) => socket.write(whole)
  t.ok(await until('room for another', async () => (await ask(it)) !== undefined))
})

t.test('several answers, each garbled somewhere: each is what it says, or none', async (t) => {
  const it = await world(t, () => undefined)
  const garbled = fc.record({
    places: fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), { maxLength: 3 }),
    split: fc.nat(whole.length),
    twice: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(garbled, { minLength: 1, maxLength: 4 }), async (answers) => {
      let next = 0
      it.answering = (socket) => {
        const { places, split, twice } = answers[next++ % answers.length]!
        const bytes = Buffer.from(whole)
        for (const { at, byte } of places) bytes[at] = byte
        socket.write(bytes.subarray(0, split))
        socket.write(twice ? Buffer.concat([bytes.subarray(split), bytes]) : bytes.subarray(split))
        // A length that is too great would be waited for.
        setTimeout(() => socket.end(), 5)
      }
      for (const { places } of answers) {
        const answer = await ask(it)
        if (!answer) continue
        const expected = Buffer.from(body)
        for (const { at, byte } of places) if (at >= head.length) expected[at - head.length] = byte
        const isSame = places.some(({ at }) => at < head.length) || expected.equals(answer.body)
        if (!isSame || answer.body.length !== answer.head.length) throw new Error(`${answer.body.toString()} came`)
      }
    }),
    { numRuns: 150 },
  )
})
