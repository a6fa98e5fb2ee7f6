/** A sender whose directory another process may have: it sends nothing any more, and leaves the journal to the other. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { FsError } from '../../src/errors.js'
import type { Ownership } from '../../src/ownership.js'
import { globex, never, path, senderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

/** Lost whenever a test wants it to be. */
class Disputed implements Ownership {
  /** Nobody was told of it yet. */
  isTaken = false
  readonly #lost = new AbortController()
  get lost(): AbortSignal {
    return this.#lost.signal
  }
  async check(): Promise<void> {
    if (this.isTaken) this.lose()
    this.lost.throwIfAborted()
  }
  lose(): void {
    this.#lost.abort(new FsError('EIO', 'The lock is another daemon’s.'))
  }
}

t.test('what waits is not sent, by hand neither, and status says why', async (t) => {
  const ownership = new Disputed()
  const world = await senderWorld(t, { ownership, settle: 3_600_000 })
  await world.write('order.edi', 'order')
  ownership.lose()
  const before = await readFile(join(world.directory, 'journal'))
  await t.rejects(world.sender.retry(world.row('order.edi')!.id, never()), { code: 'EIO', message: /another daemon/ })
  await t.rejects(world.sender.create(globex, path('new.edi'), never()), { code: 'EIO' })
  t.same(world.sender.problems(), ['The lock is another daemon’s.'])
  await world.sender.drain(50)
  t.equal(world.puts('order.edi'), 0)
  t.ok(before.equals(await readFile(join(world.directory, 'journal'))), 'not a byte of the journal is another')
})

t.test('it is looked at right before the PUT: one whose try is under way is not sent', async (t) => {
  const ownership = new Disputed()
  const world = await senderWorld(t, { ownership })
  // Then the bucket is asked right before the PUT whether the key is free.
  world.store.lacks.add('if-none-match')
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put' && world.row('order.edi')?.state === 'uploading') ownership.isTaken = true
    return undefined
  }
  await world.write('order.edi', 'order')
  await until('the loss to be known', () => ownership.lost.aborted)
  await world.sender.drain(50)
  t.notOk(world.store.calls.some((it) => it.operation === 'put'))
})

t.test('a PUT that is under way ends', async (t) => {
  const ownership = new Disputed()
  const world = await senderWorld(t, { ownership })
  let isBegun = false
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    isBegun = true
    return { hold: new Promise(() => undefined) }
  }
  await world.write('order.edi', 'order')
  await until('the PUT', () => isBegun)
  ownership.lose()
  await world.inState('order.edi', 'queued')
  t.equal(world.puts('order.edi'), 0)
})
