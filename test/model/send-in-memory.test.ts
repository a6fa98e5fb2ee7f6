/** The model of `send/` against the sender, on a bucket in memory. AS2FS_RUNS asks for more. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { OpenSpoolFile } from '../../src/send/sender.js'
import { unreachable } from '../helpers/memory-store.js'
import { globex, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { actions, run, type Action, type Driver } from './send-model.js'

const runs = Number(process.env.AS2FS_RUNS ?? 60)
/** Of a usual run; who asks for more waits for it. */
const timeLimit = process.env.AS2FS_RUNS === undefined ? 25_000 : 550_000
const settle = 3_600_000

class MemoryDriver implements Driver<OpenSpoolFile> {
  readonly #world: SenderWorld
  /** Those that are open. */
  readonly #files = new Set<OpenSpoolFile>()
  #faults: ('before' | 'after')[] = []
  #isAwake = true

  constructor(world: SenderWorld) {
    this.#world = world
    world.store.intercept = ({ operation }) => {
      if (this.#isAwake && operation === 'list') this.#takeAll()
      const fault = this.#faults.shift()
      return fault && { [fault]: unreachable() }
    }
  }

  async open(name: string, truncate: boolean): Promise<OpenSpoolFile> {
    const { sender } = this.#world
    const file = sender.row(globex, path(name))
      ? await sender.open(globex, path(name), { write: true, truncate }, never())
      : await sender.create(globex, path(name), never())
    this.#files.add(file)
    return file
  }

  async write(file: OpenSpoolFile, bytes: Buffer, position: number): Promise<void> {
    await file.write(bytes, position, never())
  }

  async closeDuplicate(file: OpenSpoolFile): Promise<void> {
    await file.flush({ isLast: () => false, killedBy: () => undefined }, never())
  }

  async close(file: OpenSpoolFile, { isLast, isKilled }: { isLast: boolean; isKilled: boolean }): Promise<void> {
    await file.flush({ isLast: () => isLast, killedBy: () => (isKilled ? 'SIGKILL' : undefined) }, never())
    await file.release()
    this.#files.delete(file)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#world.sender.rename(globex, path(from), path(to), never())
  }

  async unlink(name: string): Promise<void> {
    await this.#world.sender.unlink(globex, path(name))
  }

  async truncate(name: string, size: number): Promise<void> {
    await this.#world.sender.truncate(globex, path(name), size, never())
  }

  async crash(): Promise<void> {
    await this.#world.restart()
    // Descriptors of the life that is over: what they do now, nobody sees.
    for (const file of this.#files) await file.release()
    this.#files.clear()
  }

  breakNext(faults: readonly ('before' | 'after')[]): void {
    this.#faults = [...faults]
  }

  async upload(isWaitedFor: boolean): Promise<void> {
    const { sender } = this.#world
    for (const { id, state } of sender.allRows()) if (state === 'queued') await sender.retry(id).catch(() => undefined)
    if (isWaitedFor) await this.#world.settled()
  }

  take(): void {
    this.#isAwake = !this.#isAwake
    this.#takeAll()
  }

  #takeAll(): void {
    for (const name of this.names()) if (this.#world.store.bytes(keyOf(name))) this.#world.take(name)
  }

  puts(name: string): number {
    return this.#world.puts(name)
  }

  names(): readonly string[] {
    return [...new Set(this.#world.store.puts)].map((key) => key.slice(keyOf('').length))
  }

  sent(name: string): Buffer | undefined {
    const { store } = this.#world
    const key = store.keys().find((it) => it.endsWith(`/${name}`) && !it.includes('/duplicate/'))
    return key === undefined ? undefined : store.bytes(key)
  }
}

function keyOf(name: string): string {
  return `AS2/send/ACME/GLOBEX/${name}`
}

async function problems(t: Test, all: readonly Action[]): Promise<string[]> {
  const world = await senderWorld(t, { settle })
  try {
    return await run(new MemoryDriver(world), all)
  } finally {
    await world.stop()
  }
}

t.test(`whatever is done, just what was closed is sent, once (${runs} sequences)`, { timeout: 600_000 }, async (t) => {
  await fc.assert(
    fc.asyncProperty(actions({ mayKill: true, maxLength: 30 }), async (all) => {
      const found = await problems(t, all)
      if (found.length > 0) throw new Error(found.join('\n'))
    }),
    { numRuns: runs, endOnFailure: false, interruptAfterTimeLimit: timeLimit, markInterruptAsFailure: false },
  )
  t.pass()
})

/** Sequences that once went wrong, or that show that the model sees what it should. */
const named: Readonly<Record<string, readonly Action[]>> = {
  'an answer is lost, and the gateway has taken the file before it is looked for': [
    { do: 'open', name: 'a', truncate: false },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0, isKilled: false },
    { do: 'upload', faults: ['after', 'before'], isWaitedFor: true },
    { do: 'crash' },
  ],
}
for (const [what, all] of Object.entries(named)) {
  t.test(what, async (t) => {
    t.same(await problems(t, all), [])
  })
}
