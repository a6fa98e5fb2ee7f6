/**
 * Plays the gateway on the embedded server: takes what is PUT to `AS2/send/`, keeps it in the outbox with its headers and
 * raw message, and lets receipts and partners' documents come in. By its own clock (`start`), or by hand (`tick`).
 */
import { randomInt } from 'node:crypto'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import { headersOf, mdnFor, rawMessage, type As2Message } from './as2-message.js'
import type { PutEvent, S3Server } from './s3/server.js'

export interface GatewayOptions {
  readonly server: S3Server
  readonly clock: Clock
  /** From PUT to outbox; 1 s. */
  readonly takeAfter?: Milliseconds
  /** From outbox to MDN; 1 s. */
  readonly mdnAfter?: Milliseconds
}

/** What came through, in order. `what` is the fate of a sent file, or whose document or receipt it is. */
export interface GatewayEvent extends Partner {
  readonly what: 'sent' | 'duplicate' | 'mdn' | 'received'
  readonly filename: string
  /** Where it is now. */
  readonly key: string
  readonly bytes: Buffer
  readonly at: EpochMs
}

interface Waiting {
  readonly key: string
  readonly bytes: Buffer
  readonly due: EpochMs
}
interface WaitingMdn extends Partner {
  readonly message: As2Message
  readonly due: EpochMs
}

const root = 'AS2/'
/** @see the gateway's documentation: the same name is a duplicate for six hours */
const duplicateWindow: Milliseconds = 6 * 3600 * 1000
/** Message folders count milliseconds from here, with four random digits behind. */
const folderEpoch: EpochMs = Date.UTC(2020, 0, 1)

export class Gateway {
  /** All that happened, for tests to compare. */
  readonly events: GatewayEvent[] = []
  readonly #options: GatewayOptions
  readonly #waiting: Waiting[] = []
  readonly #mdns: WaitingMdn[] = []
  /** When a name was last sent, by key below `AS2/send/`. */
  readonly #sentAt = new Map<string, EpochMs>()
  readonly #listeners = new Set<(event: GatewayEvent) => void>()
  readonly #stopListening: () => void
  readonly #folders = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#stopListening = options.server.onPut((event) => this.#onPut(event))
  }

  onEvent(listener: (event: GatewayEvent) => void): void {
    this.#listeners.add(listener)
  }

  /** What was sent to partners, oldest first. */
  get sent(): readonly GatewayEvent[] {
    return this.events.filter((event) => event.what === 'sent')
  }

  /** Does what is due by the clock. */
  tick(): void {
    const now = this.#options.clock.now()
    for (const file of takeDue(this.#waiting, now)) this.#take(file, now)
    for (const { message, ...owner } of takeDue(this.#mdns, now)) this.putMdn(owner, message, 'incoming', now)
  }

  /** Ticks by itself until `stop`. */
  start(every: Milliseconds = 250): void {
    this.#timer = setInterval(() => this.tick(), every)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stopListening()
  }

  /** A partner sends a document: it is in the inbox, and the receipt goes out. @returns its key */
  receive(owner: Partner, filename: string, bytes: Uint8Array, at: EpochMs = this.#options.clock.now()): string {
    const message = { folder: this.#folder(at), from: owner.partner, to: owner.station, filename, bytes, at }
    const key = this.#keep(owner, message, 'inbox')
    this.putMdn(owner, message, 'outgoing', at)
    this.#announce({ what: 'received', ...owner, filename, key, bytes: Buffer.from(bytes), at })
    return key
  }

  /** A document that went out in the past, receipt included. @param problem see `mdnFor` */
  recordSent(owner: Partner, filename: string, bytes: Uint8Array, at: EpochMs, problem?: string): void {
    const message = { folder: this.#folder(at), from: owner.station, to: owner.partner, filename, bytes, at }
    this.#keep(owner, message, 'outbox')
    this.#sentAt.set(`${owner.station}/${owner.partner}/${filename}`, at)
    this.putMdn(owner, message, 'incoming', at + 4_000, problem)
  }

  putMdn(owner: Partner, message: As2Message, direction: 'incoming' | 'outgoing', at: EpochMs, problem?: string): void {
    const key = `${root}raw-mdn/${direction}/${owner.station}/${owner.partner}/${message.folder}.mdn`
    const bytes = Buffer.from(mdnFor(message, at, problem))
    this.#options.server.put(key, bytes, { mtime: at })
    if (direction === 'incoming') this.#announce({ what: 'mdn', ...owner, filename: message.filename, key, bytes, at })
  }

  /** Copies inside the bucket are not sent; neither are folder markers. */
  #onPut({ key, by }: PutEvent): void {
    if (by === 'CopyObject' || !key.startsWith(`${root}send/`) || key.endsWith('/')) return
    const bytes = this.#options.server.get(key)
    const due = this.#options.clock.now() + (this.#options.takeAfter ?? 1_000)
    if (bytes) this.#waiting.push({ key, bytes: Buffer.from(bytes), due })
  }

  #take({ key, bytes }: Waiting, at: EpochMs): void {
    const { server } = this.#options
    const id = key.slice(`${root}send/`.length)
    const [station = '', partner = '', ...rest] = id.split('/')
    const owner = { station, partner }
    const filename = rest.join('/')
    server.delete(key)
    const before = this.#sentAt.get(id)
    if (before !== undefined && at - before < duplicateWindow) {
      const moved = `${root}duplicate/${id}`
      server.put(moved, bytes, { mtime: at })
      this.#announce({ what: 'duplicate', ...owner, filename, key: moved, bytes, at })
      return
    }
    this.#sentAt.set(id, at)
    const message = { folder: this.#folder(at), from: station, to: partner, filename, bytes, at }
    const kept = this.#keep(owner, message, 'outbox')
    this.#mdns.push({ ...owner, message, due: at + (this.#options.mdnAfter ?? 1_000) })
    this.#announce({ what: 'sent', ...owner, filename, key: kept, bytes, at })
  }

  #keep({ station, partner }: Partner, message: As2Message, box: 'inbox' | 'outbox'): string {
    const { server } = this.#options
    const { folder, filename, bytes, at } = message
    const key = `${root}files/${station}/${partner}/${box}/${folder}/${filename}`
    const mtime = { mtime: at }
    server.put(
      `${root}headers/${station}/${partner}/${box}/${folder}/headers.txt`,
      Buffer.from(headersOf(message)),
      mtime,
    )
    server.put(`${root}raw-message/${station}/${partner}/${box}/${folder}/message.as2`, rawMessage(message), mtime)
    server.put(key, bytes, mtime)
    return key
  }

  /** Time first, so that later messages come later in the listing; unlike any before. */
  #folder(at: EpochMs): string {
    for (;;) {
      const folder = String((at - folderEpoch) * 10_000 + randomInt(10_000))
      if (this.#folders.has(folder)) continue
      this.#folders.add(folder)
      return folder
    }
  }

  #announce(event: GatewayEvent): void {
    this.events.push(event)
    for (const listener of this.#listeners) listener(event)
  }
}

function takeDue<T extends { readonly due: EpochMs }>(all: T[], now: EpochMs): T[] {
  const due = all.filter((it) => it.due <= now)
  const later = all.filter((it) => it.due > now)
  all.splice(0, all.length, ...later)
  return due
}
