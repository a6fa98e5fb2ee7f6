/** What becomes of uploads that fail, and of those whose fate is not known: nothing twice, nothing lost. */
import { readdirSync, rmSync, truncateSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { StoreError } from '../../src/s3/store-error.js'
import { accessDenied, keysRefused, slowDown, taken, unreachable, type StoreFault } from '../helpers/memory-store.js'
import { globex, never, path, littleRoom, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const key = 'AS2/send/ACME/GLOBEX/order.edi'
const refusedConnection = new StoreError('EIO', 'transient', 'ECONNREFUSED', 'S3 can’t be reached (ECONNREFUSED).')

/** Faults of one kind of call, first to last; what comes after them is as usual. */
function faults(world: SenderWorld, wanted: Readonly<Partial<Record<string, StoreFault[]>>>): void {
  world.store.intercept = ({ operation }) => wanted[operation]?.shift()
}

// Each has a sender of its own, and mostly waits for its next try.
t.jobs = 6

t.test('an answer that was lost: the file is looked for, and not sent again', async (t) => {
  const world = await senderWorld(t)
  faults(world, { put: [{ after: unreachable() }] })
  await world.write('order.edi', 'order')
  const { etag } = await world.inState('order.edi', 'submitted')
  t.equal(world.puts('order.edi'), 1)
  t.equal(etag, '70a17ffa722a3985b86d30b034ad06d7', 'as it was found')
})

t.test('an upload that did not arrive is sent again', async (t) => {
  const world = await senderWorld(t)
  faults(world, { put: [{ before: unreachable() }, { before: unreachable() }] })
  await world.write('order.edi', 'order')
  await world.settled()
  t.equal(world.puts('order.edi'), 1)
  t.equal(world.store.bytes(key)?.toString(), 'order')
})

const lookFailures = {
  'a refused connection': refusedConnection,
  'refused keys': keysRefused(),
  'a request to slow down': slowDown(),
  'a reset': unreachable(),
}
for (const [what, failure] of Object.entries(lookFailures)) {
  t.test(`${what} during the look for a lost upload does not make it forgotten`, async (t) => {
    const world = await senderWorld(t)
    faults(world, { put: [{ after: unreachable() }], list: [{}, {}, { before: failure }] })
    await world.write('order.edi', 'order')
    await until('the gateway to be able to take it', () => world.store.bytes(key) !== undefined)
    world.take('order.edi')
    await world.settled()
    t.equal(world.puts('order.edi'), 1)
  })
}

t.test('keys that may not look for a lost upload: it fails, is kept, and is looked for by retry', async (t) => {
  const world = await senderWorld(t)
  let mayList = true
  let isLost = true
  world.store.intercept = ({ operation }) => {
    if (operation === 'put' && isLost) {
      ;[mayList, isLost] = [false, false]
      return { after: unreachable() }
    }
    return ['list', 'head'].includes(operation) && !mayList ? { before: accessDenied() } : undefined
  }
  await world.write('order.edi', 'order')
  const { id, error } = await world.inState('order.edi', 'failed')
  t.match(error, /may not look/)
  world.take('order.edi')
  mayList = true
  await world.sender.retry(id, never())
  await world.settled()
  t.equal(world.puts('order.edi'), 1)
})

t.test('a lost upload that the gateway has moved on is found', async (t) => {
  for (const where of ['files/ACME/GLOBEX/outbox/7207/', 'duplicate/ACME/GLOBEX/']) {
    const world = await senderWorld(t)
    world.store.intercept = ({ operation }) => {
      if (operation === 'list' && world.store.bytes(key)) {
        world.store.delete(key)
        world.store.set(`AS2/${where}order.edi`, 'order')
      }
      return operation === 'put' ? { after: unreachable() } : undefined
    }
    await world.write('order.edi', 'order')
    await world.settled()
    t.equal(world.puts('order.edi'), 1, where)
  }
})

t.test('an upload that arrives only after it was looked for is known again as ours', async (t) => {
  const world = await senderWorld(t)
  let tries = 0
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    tries += 1
    if (tries === 1) return { before: unreachable() }
    // Just before the second try the first one comes through.
    if (tries === 2) world.store.set(key, 'order')
    return undefined
  }
  await world.write('order.edi', 'order')
  await world.settled()
  t.match(world.row('order.edi'), { state: 'submitted' })
  t.equal(world.puts('order.edi'), 0, 'not put over it')
})

t.test('a file of another host under the same name and of the same size is not taken for ours', async (t) => {
  const world = await senderWorld(t)
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    if (!world.store.bytes(key)) world.store.set(key, 'other')
    return { before: unreachable() }
  }
  await world.write('order.edi', 'order')
  await until('a second try', () => world.store.count('put') > 1)
  world.store.intercept = undefined
  const row = await world.inState('order.edi', 'failed')
  t.match(row.error, /six hours/)
  t.equal(world.store.bytes(key)?.toString(), 'other')
})

t.test(
  'under --on-duplicate send, an earlier file of the same name and size is not taken for a lost one',
  async (t) => {
    const world = await senderWorld(t, { onDuplicate: 'send' })
    await world.write('order.edi', 'first')
    await world.inState('order.edi', 'submitted')
    world.take('order.edi')
    await until('that to be known', () => world.row('order.edi') === undefined)
    faults(world, { put: [{ before: unreachable() }] })
    await world.write('order.edi', 'later')
    await world.settled()
    t.equal(world.store.bytes(key)?.toString(), 'later')
  },
)

t.test('a refused connection: tried again without a look, as nothing arrived', async (t) => {
  const world = await senderWorld(t, { onDuplicate: 'send' })
  faults(world, { put: [{ before: refusedConnection }, { before: refusedConnection }] })
  await world.write('order.edi', 'order')
  await world.settled()
  t.equal(world.puts('order.edi'), 1)
  const calls = world.store.calls.map((it) => it.operation)
  t.strictSame(calls.slice(calls.indexOf('put')).slice(0, 3), ['put', 'put', 'put'])
})

const refusals = { throttled: slowDown(), 'refused keys': keysRefused(), 'a refusal for good': accessDenied() }
for (const [what, answer] of Object.entries(refusals)) {
  t.test(`stored, and answered as if it was not (${what}): the file is looked for, and not sent again`, async (t) => {
    const world = await senderWorld(t, { onDuplicate: 'send' })
    const wanted: Partial<Record<string, StoreFault[]>> = { put: [{ after: answer }] }
    world.store.intercept = ({ operation }) => {
      // The first look fails, so that there is another.
      if (operation === 'put') wanted.list = [{ before: unreachable() }]
      return wanted[operation]?.shift()
    }
    await world.write('order.edi', 'order')
    await until('the answer', () => world.row('order.edi')?.error)
    // The gateway takes it, so that the key is free again.
    world.take('order.edi')
    const row = world.row('order.edi')
    if (row?.state === 'failed') await world.sender.retry(row.id, never())
    await world.settled()
    t.match(world.sender.counts(), { failed: 0 })
    t.equal(world.puts('order.edi'), 1)
  })
}

t.test('a file that was refused for good may be renamed, though it is looked for before the next try', async (t) => {
  const world = await senderWorld(t)
  faults(world, { put: [{ before: accessDenied() }] })
  await world.write('order.edi', 'order')
  await world.inState('order.edi', 'failed')
  await world.sender.rename(globex, path('order.edi'), path('other.edi'), never())
  await world.inState('other.edi', 'submitted')
  t.equal(world.puts('other.edi'), 1)
})

t.test('the key is taken at the first try', async (t) => {
  /** Whoever stands between tries a stored PUT once more, and hands on that the key is taken. */
  const repeated = (world: SenderWorld) => faults(world, { put: [{ after: taken() }] })
  for (const onDuplicate of ['reject', 'suffix', 'send'] as const) {
    await t.test(`by this very upload: it is sent, under its own name, once (${onDuplicate})`, async (t) => {
      const world = await senderWorld(t, { onDuplicate })
      repeated(world)
      await world.write('order.edi', 'order')
      await world.inState('order.edi', 'submitted')
      t.strictSame(world.store.puts, [key])
    })
    await t.test(`by this very upload, which the gateway has moved on since (${onDuplicate})`, async (t) => {
      const world = await senderWorld(t, { onDuplicate })
      repeated(world)
      world.store.onPut = () => world.take('order.edi')
      await world.write('order.edi', 'order')
      await world.settled()
      t.strictSame(world.store.puts, [key])
    })
  }
  const others = {
    'by another file of the same size': { content: 'other', age: 0 },
    'by a file with the same content that was there minutes before': { content: 'order', age: 5 * 60_000 },
  }
  for (const [what, { content, age }] of Object.entries(others)) {
    await t.test(`${what}: under reject it fails`, async (t) => {
      const world = await senderWorld(t)
      world.store.intercept = ({ operation }) => {
        if (operation === 'put') world.store.set(key, content, world.clock.now() - age)
        return undefined
      }
      await world.write('order.edi', 'order')
      t.match(await world.inState('order.edi', 'failed'), { error: /six hours/ })
      t.equal(world.puts('order.edi'), 0)
    })
  }
  await t.test('and the keys may look nowhere: it fails, as nobody knows by what', async (t) => {
    const world = await senderWorld(t, { onDuplicate: 'suffix' })
    world.store.intercept = ({ operation }) => {
      if (operation === 'put') return { after: taken() }
      return { before: accessDenied() }
    }
    await world.write('order.edi', 'order')
    t.match(await world.inState('order.edi', 'failed'), { error: /may not look/ })
    t.strictSame(world.store.puts, [key])
  })
  await t.test('and the keys may look at the key alone: they do', async (t) => {
    const world = await senderWorld(t, { onDuplicate: 'suffix' })
    world.store.intercept = ({ operation, key: prefix }) => {
      if (operation === 'put') return { after: taken() }
      return operation === 'list' && prefix.startsWith('AS2/send/') ? { before: accessDenied() } : undefined
    }
    await world.write('order.edi', 'order')
    await world.inState('order.edi', 'submitted')
    t.strictSame(world.store.puts, [key])
  })
})

t.test('what was found is compared by its content, whatever its ETag is', async (t) => {
  const world = await senderWorld(t)
  // Another file, with the ETag that ours would have.
  const md5 = createHash('md5').update('order').digest('hex')
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    if (!world.store.bytes(key)) world.store.set(key, 'other', undefined, md5)
    return { before: unreachable() }
  }
  await world.write('order.edi', 'order')
  await until('a second try', () => world.store.count('put') > 1)
  world.store.intercept = undefined
  await world.inState('order.edi', 'failed')
})

t.test('parts that were begun long before the completion whose answer is lost', async (t) => {
  const world = await senderWorld(t, { multipartThreshold: 1, onDuplicate: 'send' })
  const begunAt = world.clock.now()
  world.store.intercept = ({ operation }) => {
    // A slow line. The bucket says of the object that it is from when the upload was begun.
    if (operation === 'uploadPart') world.clock.advance(3 * 60 * 60_000)
    if (operation !== 'completeMultipart') return undefined
    const bytes = Buffer.from('order')
    world.store.set(key, bytes, begunAt + 1_000)
    world.store.puts.push(key)
    return { before: unreachable() }
  }
  await world.write('order.edi', 'order')
  await until('the answer', () => world.row('order.edi')?.error)
  world.store.intercept = undefined
  await world.settled()
  t.match(world.row('order.edi'), { state: 'submitted' })
  t.equal(world.puts('order.edi'), 1)
})

t.test('refused keys are waited out with one small request, and nothing fails', async (t) => {
  const world = await senderWorld(t)
  let areRefused = true
  world.store.intercept = () => (areRefused ? { before: keysRefused() } : undefined)
  for (const name of ['1', '2', '3', '4']) await world.write(name, name)
  await until('a refusal', () => world.sender.allRows().some((it) => it.error !== undefined))
  const puts = world.store.count('put')
  await until('three questions', () => world.store.calls.slice(-3).every((it) => it.operation === 'list'), 30_000)
  t.equal(world.store.count('put'), puts, 'no upload meanwhile')
  t.match(world.sender.counts(), { queued: 4, failed: 0 })
  areRefused = false
  const isSent = () => world.row('4')?.state === 'submitted'
  await until('the uploads, soon after there are new ones', isSent, 20_000)
  for (const name of ['1', '2', '3', '4']) t.equal(world.puts(name), 1)
})

t.test('after an outage all that wait are tried at once', async (t) => {
  const world = await senderWorld(t, { random: () => 1 })
  let isOut = true
  world.store.intercept = ({ operation }) => (operation === 'put' && isOut ? { before: refusedConnection } : undefined)
  for (const name of ['1', '2', '3']) await world.write(name, name)
  // By then the pauses are 4 and 8 seconds.
  await until('three tries of each', () => world.sender.allRows().every((it) => it.tries >= 3 && it.state === 'queued'))
  isOut = false
  await world.sender.retry(world.row('2')!.id, never())
  await world.inState('2', 'submitted')
  const pauses = () => ['1', '3'].map((name) => (world.row(name)?.nextTryAt ?? 0) - world.clock.now())
  // Sooner than their pauses would bring it about.
  await until('the others to be due', () => pauses().every((it) => it <= 1_000), 2_000)
})

t.test('what can’t succeed fails, is kept, and is sent by retry', async (t) => {
  const world = await senderWorld(t)
  faults(world, { put: [{ before: accessDenied() }] })
  await world.write('order.edi', 'order')
  const { id, error } = await world.inState('order.edi', 'failed')
  t.match(error, /AccessDenied/)
  const file = await world.sender.open(globex, path('order.edi'), { write: false, truncate: false }, never())
  t.equal(Buffer.from(await file.read(0, 10)).toString(), 'order', 'is kept')
  await file.release()
  await world.sender.retry(id, never())
  await world.inState('order.edi', 'submitted')
  t.equal(world.puts('order.edi'), 1)
})

t.test('a file that vanished from the spool, or was cut there, fails and is not sent', async (t) => {
  const world = await senderWorld(t, { settle: 60_000, room: littleRoom })
  await world.write('vanished', 'order')
  await world.write('cut', 'order')
  const data = (name: string) => join(world.directory, 'data', world.row(name)!.id)
  t.equal(readdirSync(join(world.directory, 'data')).length, 2)
  rmSync(data('vanished'))
  truncateSync(data('cut'), 2)
  for (const name of ['vanished', 'cut']) await world.sender.retry(world.row(name)!.id, never())
  t.match((await world.inState('vanished', 'failed')).error, /not in the spool/)
  t.match((await world.inState('cut', 'failed')).error, /2 bytes/)
  t.equal(world.store.count('put'), 0)
  await t.rejects(world.sender.retry(world.row('cut')!.id, never()), { code: 'EIO' }, 'nor by retry')
})

t.test('a drain does not wait for settling', async (t) => {
  const world = await senderWorld(t, { settle: 60_000 })
  await world.write('order.edi', 'order')
  t.match(await world.sender.drain(10_000), { queued: 0, submitted: 1 })
  t.equal(world.puts('order.edi'), 1)
})

t.test('a server that does not know If-None-Match', async (t) => {
  /** It refuses the first upload for that, and is never asked for it again. */
  const refusing = (world: SenderWorld) => {
    let isRefused = false
    const sentence = 'The server does not know If-None-Match (NotImplemented).'
    world.store.intercept = ({ operation }) => {
      if (operation !== 'put' && operation !== 'completeMultipart') return undefined
      if (isRefused) return undefined
      isRefused = true
      world.store.lacks.add('if-none-match')
      return { before: new StoreError('EIO', 'unsupported', 'NotImplemented', sentence) }
    }
  }
  for (const multipartThreshold of [100, 1]) {
    await t.test(`gets files without it (parts above ${multipartThreshold} bytes)`, async (t) => {
      const world = await senderWorld(t, { multipartThreshold })
      refusing(world)
      await world.write('order.edi', 'order')
      await world.inState('order.edi', 'submitted')
      t.strictSame(world.store.puts, [key])
    })
    await t.test(`has nothing overwritten by them (parts above ${multipartThreshold} bytes)`, async (t) => {
      const world = await senderWorld(t, { multipartThreshold, onDuplicate: 'suffix' })
      world.store.lacks.add('if-none-match')
      // After the look for the name, and before the upload.
      let lists = 0
      world.store.intercept = ({ operation }) => {
        if (operation === 'list' && ++lists === 3) world.store.set(key, 'theirs')
        return undefined
      }
      await world.write('order.edi', 'order')
      await until('it to be sent', () => world.sender.counts().submitted === 1)
      t.equal(world.store.bytes(key)?.toString(), 'theirs')
      t.equal(world.store.puts.length, 1)
      t.match(world.store.puts[0], /order_.*edi$/)
    })
  }
})
