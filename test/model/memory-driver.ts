/** The sender without a kernel, on a bucket in memory: what the model is compared with where everything is decided. */
import type { Key } from '../../src/units.js'
import type { Close, OpenSpoolFile } from '../../src/send/sender.js'
import { StoreError } from '../../src/s3/store-error.js'
import { slowDown, taken, unreachable, type StoreFault } from '../helpers/memory-store.js'
import { globex, never, path, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'
import type { RequestFault } from './send-actions.js'
import type { Driver } from './send-model.js'

/** One of the descriptors of a handle of the kernel's. */
interface Descriptor {
  readonly file: OpenSpoolFile
  readonly handle: { descriptors: number }
}

export class MemoryDriver implements Driver<Descriptor> {
  readonly #world: SenderWorld
  readonly #open = new Set<OpenSpoolFile>()
  /** Closed by the last process, of which the kernel tells a moment later: before the file is opened again, to be exact. */
  readonly #closed = new Set<OpenSpoolFile>()
  readonly #puts: { name: string; bytes: Buffer }[] = []
  #faults: RequestFault[] = []
  /** What a PUT waits for. */
  #stall: { readonly over: Promise<unknown>; readonly end: () => void } | undefined
  #isOut = false
  #isAwake = true

  constructor(world: SenderWorld) {
    this.#world = world
    world.store.onPut = (key) =>
      this.#puts.push({ name: nameOf(key), bytes: world.store.bytes(key) ?? Buffer.alloc(0) })
    world.store.intercept = ({ operation }) => {
      if (this.#isAwake && operation === 'list') this.#takeAll()
      if (this.#isOut) return { before: unreachable() }
      const fault = this.#faults.shift()
      const hold = fault && operation === 'put' ? this.#stall?.over : undefined
      return fault && { ...failureOf(fault, operation), ...(hold ? { hold } : {}) }
    }
  }

  async open(name: string, truncate: boolean): Promise<Descriptor> {
    const { sender } = this.#world
    await this.#release()
    const file = sender.row(globex, path(name))
      ? await sender.open(globex, path(name), { write: true, truncate }, never())
      : await sender.create(globex, path(name), never())
    this.#open.add(file)
    return { file, handle: { descriptors: 1 } }
  }

  async dup({ file, handle }: Descriptor): Promise<Descriptor> {
    handle.descriptors += 1
    return { file, handle }
  }

  async write({ file }: Descriptor, bytes: Buffer, position: number): Promise<void> {
    await file.write(bytes, position, never())
  }

  async close(descriptor: Descriptor): Promise<void> {
    await this.#close(descriptor, undefined)
  }

  async kill(all: readonly Descriptor[], isWriter: boolean): Promise<void> {
    // Of one that only inherited the file, no signal is told.
    for (const it of all) await this.#close(it, isWriter ? 'SIGKILL' : undefined)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#world.sender.rename(globex, path(from), path(to), never())
  }

  async unlink(name: string): Promise<void> {
    await this.#world.sender.unlink(globex, path(name), never())
  }

  async truncate(name: string, size: number): Promise<void> {
    await this.#release()
    await this.#world.sender.truncate(globex, path(name), size, never())
  }

  async mkdir(name: string): Promise<void> {
    await this.#world.sender.mkdir(globex, path(name), never())
  }

  async rmdir(name: string): Promise<void> {
    await this.#world.sender.rmdir(globex, path(name), never())
  }

  async crash(): Promise<void> {
    this.#isOut = false
    const restarted = this.#world.restart()
    this.#endStall()
    await restarted
    // Of the life that is over: what becomes of them now, nobody sees.
    await this.#release()
    for (const file of this.#open) await file.release()
    this.#open.clear()
  }

  async read(name: string): Promise<Buffer | undefined> {
    const { sender } = this.#world
    const row = sender.row(globex, path(name))
    if (!row) return undefined
    const file = await sender.open(globex, path(name), { write: false, truncate: false }, never())
    try {
      return Buffer.from(await file.read(0, row.size))
    } finally {
      await file.release()
    }
  }

  async breakNext(faults: readonly RequestFault[], isStalled: boolean): Promise<void> {
    this.#isOut = false
    this.#faults = [...faults]
    this.#endStall()
    if (!isStalled) return
    let end: () => void = () => undefined
    const over = new Promise<void>((resolve) => (end = resolve))
    this.#stall = { over, end }
  }

  async outage(): Promise<void> {
    this.#isOut = true
    this.#endStall()
  }

  async upload(isWaitedFor: boolean): Promise<void> {
    const { sender } = this.#world
    await this.#release()
    if (isWaitedFor) {
      await until('archives to be made', () => !sender.allRows().some((it) => it.reason === 'packing'))
      this.#endStall()
    }
    for (const { id, state } of sender.allRows())
      if (state === 'queued') await sender.retry(id, never()).catch(() => undefined)
    if (isWaitedFor) await this.#world.settled()
  }

  take(): void {
    this.#isAwake = !this.#isAwake
    this.#takeAll()
  }

  puts(): readonly { name: string; bytes: Buffer }[] {
    return this.#puts
  }

  async #close({ file, handle }: Descriptor, signal: string | undefined): Promise<void> {
    handle.descriptors -= 1
    const isLast = handle.descriptors === 0
    const close: Close = { closed: async () => ({ isLast, killedBy: signal }) }
    await file.flush(close, never())
    if (isLast) this.#closed.add(file)
  }

  /** The kernel tells of last closes. */
  async #release(): Promise<void> {
    for (const file of this.#closed) {
      this.#open.delete(file)
      this.#closed.delete(file)
      await file.release()
    }
  }

  #endStall(): void {
    this.#stall?.end()
    this.#stall = undefined
  }

  #takeAll(): void {
    for (const { name } of this.#puts) if (this.#world.store.bytes(keyOf(name))) this.#world.take(name)
  }
}

function keyOf(name: string): Key {
  return `AS2/send/ACME/GLOBEX/${name}` as Key
}

function nameOf(key: string): string {
  return key.slice(keyOf('').length)
}

function failureOf(fault: RequestFault, operation: string): StoreFault {
  const isUpload = operation === 'put' || operation === 'completeMultipart'
  switch (fault) {
    case 'before':
      return { before: unreachable() }
    case 'page':
      return { before: foreignPage() }
    case 'pageAfter':
      return { after: foreignPage() }
    case 'takenAfter':
      return { after: isUpload ? taken() : unreachable() }
    case 'throttledAfter':
      return { after: slowDown() }
    case 'after':
      return { after: unreachable() }
  }
}

/** Another's page in S3's place. */
function foreignPage(): StoreError {
  return new StoreError('EIO', 'transient', 'ForeignAnswer', 'Somebody else answered than S3.')
}
