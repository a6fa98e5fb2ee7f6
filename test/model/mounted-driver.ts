/** A real mount under the model: system calls of real processes, a daemon that is killed, a network that fails. */
import { readFile } from 'node:fs/promises'
import type { ControlClient } from '../../src/control/client.js'
import type { SendRow } from '../../src/send/sender.js'
import { until } from '../helpers/until.js'
import type { Writer } from '../helpers/writers.js'
import type { Fault, Rule } from '../helpers/faults.js'
import type { Heir, RequestFault } from './send-actions.js'
import type { Driver, Tally } from './send-model.js'
import type { ModelWorld } from './model-world.js'

/** What open(2) gave, with its duplicates. */
interface Handle {
  /** Of the file's row in the queue. */
  readonly id: string
  descriptors: number
  /** The daemon can't know who has it open. */
  isUnclear: boolean
}

interface Descriptor {
  readonly writer: Writer
  readonly fd: number
  readonly handle: Handle
}

const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Please sign in.</html>' }
const faultOf: Readonly<Record<RequestFault, Fault>> = {
  before: { reset: 'request' },
  after: { loseAnswer: 'reset' },
  page: { page },
  pageAfter: { page, carriedOut: true },
  takenAfter: { status: 412, code: 'PreconditionFailed', carriedOut: true },
  throttledAfter: { status: 503, code: 'SlowDown', carriedOut: true },
}
const stallOf = (fault: RequestFault): Fault =>
  fault === 'before' || fault === 'page' ? { stall: true } : { loseAnswer: 'stall' }
const uploads = ['PutObject', 'CompleteMultipartUpload']

export class MountedDriver implements Driver<Descriptor> {
  readonly #world: ModelWorld
  readonly #partner: string
  readonly #tally: Tally
  readonly #open = new Set<Descriptor>()
  readonly #handles = new Set<Handle>()
  /** The last close has returned, and the daemon may not have been told yet. */
  #closed = new Set<Handle>()
  #rules: Rule[] = []

  /** @param partner whose `send/` is empty, and is this one's alone */
  constructor(world: ModelWorld, partner: string, tally: Tally) {
    this.#world = world
    this.#partner = partner
    this.#tally = tally
    world.isGatewayAwake = true
  }

  /** Makes the partner. */
  async start(): Promise<void> {
    await this.breakNext([], false)
    await this.#world.writers.first.call('mkdir', this.#world.mounted.path('ACME', this.#partner))
  }

  async open(name: string, truncate: boolean): Promise<Descriptor> {
    await this.#told()
    const writer = await this.#world.writers.fork()
    try {
      const fd = Number(await writer.call('open', this.#path(name), truncate))
      const row = (await this.#rows()).find((it) => it.path === name)
      if (!row) throw new Error(`${name} was opened, and is not in the queue`)
      const handle = { id: row.id, descriptors: 1, isUnclear: false }
      this.#handles.add(handle)
      return this.#opened({ writer, fd, handle })
    } catch (error) {
      writer.end()
      throw error
    }
  }

  async dup({ writer, fd, handle }: Descriptor, heir: Heir): Promise<Descriptor> {
    handle.descriptors += 1
    if (heir === 'itself') return this.#opened({ writer, fd: Number(await writer.call('dup', fd)), handle })
    // What it closes of its inheritance is told of as well.
    const isOrphan = heir === 'orphan'
    handle.isUnclear ||= isOrphan
    return this.#opened({ writer: await this.#world.writers.heir(writer, fd, isOrphan), fd, handle })
  }

  async write({ writer, fd }: Descriptor, bytes: Buffer, position: number): Promise<void> {
    await writer.call('write', fd, bytes.length, bytes.toString('latin1', 0, 1), position)
  }

  async close(descriptor: Descriptor): Promise<void> {
    const { writer, fd } = descriptor
    await writer.call('close', fd)
    this.#hasClosed(descriptor)
    if (![...this.#open].some((it) => it.writer === writer)) writer.end()
  }

  async kill(all: readonly Descriptor[]): Promise<void> {
    await all[0]?.writer.kill()
    for (const it of all) this.#hasClosed(it)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#world.writers.first.call('rename', this.#path(from), this.#path(to))
  }

  async unlink(name: string): Promise<void> {
    await this.#world.writers.first.call('unlink', this.#path(name))
  }

  async truncate(name: string, size: number): Promise<void> {
    await this.#told()
    await this.#world.writers.first.call('truncate', this.#path(name), size)
  }

  async mkdir(name: string): Promise<void> {
    await this.#world.writers.first.call('mkdir', this.#path(name))
  }

  async rmdir(name: string): Promise<void> {
    await this.#world.writers.first.call('rmdir', this.#path(name))
  }

  async crash(): Promise<void> {
    const { mounted } = this.#world
    if ([...this.#closed].some((it) => it.isUnclear)) await this.#told()
    const rows = await this.#rows()
    if (rows.some((it) => it.state === 'uploading')) this.#count('crash within an upload')
    if (rows.some((it) => it.state === 'open')) this.#count('crash while a file is open')
    await mounted.kill('SIGKILL')
    for (const writer of new Set([...this.#open].map((it) => it.writer))) await writer.kill()
    for (const them of [this.#open, this.#handles, this.#closed]) them.clear()
    // What was on its way has arrived by now, or never will.
    mounted.proxy.resetConnections()
    await mounted.proxy.heal()
    await mounted.mount()
    mounted.proxy.add(...this.#rules)
  }

  async read(name: string): Promise<Buffer | undefined> {
    if (!(await this.#rows()).some((it) => it.path === name)) return undefined
    return readFile(this.#path(name))
  }

  async breakNext(faults: readonly RequestFault[], isStalled: boolean): Promise<void> {
    const { proxy } = this.#world.mounted
    await proxy.heal()
    proxy.resetConnections()
    this.#rules = faults.map((it) => ({
      times: 1,
      fault: isStalled ? stallOf(it) : faultOf[it],
      // No other request is answered that its key is taken.
      ...(isStalled ? { operation: 'PutObject' } : it === 'takenAfter' ? { operation: uploads } : {}),
    }))
    proxy.add(...this.#rules)
  }

  async outage(): Promise<void> {
    await this.#world.mounted.proxy.refuseConnections()
  }

  async upload(isWaitedFor: boolean): Promise<void> {
    await this.#told()
    const { control, mounted } = this.#world
    await this.#retryPaused(control, () => true)
    if (!isWaitedFor) return this.#onItsWay(control)
    mounted.proxy.resetConnections()
    await until('the queue to be empty', async () => {
      const rows = await this.#retryPaused(control, isPaused)
      return !rows.some((it) => it.state === 'queued' || it.state === 'uploading' || it.reason === 'packing')
    })
  }

  take(): void {
    this.#world.isGatewayAwake = !this.#world.isGatewayAwake
    this.#world.takeAll()
  }

  puts(): readonly { name: string; bytes: Buffer }[] {
    return this.#world.putsOf(this.#partner)
  }

  /** Nothing waits that could be under way: it is in the bucket, was refused by the network, or waits for an answer. */
  async #onItsWay(control: ControlClient): Promise<void> {
    await until('uploads to begin', async () => {
      const rows = await control.queue()
      return !rows.rows.some((it) => this.#isOurs(it) && it.state === 'queued' && it.tries === 0 && !it.error)
    })
  }

  async #retryPaused(control: ControlClient, isDue: (row: SendRow) => boolean): Promise<readonly SendRow[]> {
    const rows = await this.#rows()
    for (const it of rows) {
      if (it.state === 'queued' && isDue(it)) await control.change('retry', it.id).catch(() => undefined)
    }
    return rows
  }

  /** The daemon knows of all last closes. */
  async #told(): Promise<void> {
    if (this.#closed.size === 0) return
    const open = new Set([...this.#handles].map((it) => it.id))
    const ids = [...this.#closed].map((it) => it.id).filter((it) => !open.has(it))
    await until('the last closes to be told', async () =>
      (await this.#rows()).every((it) => it.state !== 'open' || !ids.includes(it.id)),
    )
    this.#closed.clear()
  }

  #opened(descriptor: Descriptor): Descriptor {
    this.#open.add(descriptor)
    return descriptor
  }

  #hasClosed(descriptor: Descriptor): void {
    const { handle } = descriptor
    this.#open.delete(descriptor)
    handle.descriptors -= 1
    if (handle.descriptors > 0) return
    this.#handles.delete(handle)
    this.#closed.add(handle)
  }

  async #rows(): Promise<readonly SendRow[]> {
    return (await this.#world.control.queue()).rows.filter((it) => this.#isOurs(it))
  }

  #isOurs({ partner }: SendRow): boolean {
    return partner === this.#partner
  }

  #path(name: string): string {
    return this.#world.mounted.path('ACME', this.#partner, 'send', name)
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1)
  }
}

function isPaused(row: SendRow): boolean {
  return (row.nextTryAt ?? 0) > Date.now() + 20
}
