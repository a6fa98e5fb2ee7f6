/**
 * Plays the gateway on the embedded server: takes what is PUT to `AS2/send/`, keeps it in the outbox with its headers and
 * raw message, and lets receipts and partners' documents come in. By its own clock (`start`), or by hand (`tick`, `answer`).
 */
import { randomInt } from 'node:crypto'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { Arrival } from './arrivals.js'
import { headersOf, ownMessageId, partnersMessageId, rawMessage, type As2Message } from './as2-message.js'
import { fileKey, mdnKey, root, type FileLayout, type MdnLayout } from './bucket-layout.js'
import { mdnFor, mdnId, type MdnForm } from './mdn-forms.js'
import { between, seededRandom, type Random } from './random.js'
import { receipts, type Answers, type Receipt } from './receipt.js'
import type { PutEvent, S3Server } from './s3/server.js'

export interface GatewayOptions {
  readonly server: S3Server
  readonly clock: Clock
  /** From PUT to outbox; 1 s. */
  readonly takeAfter?: Milliseconds
  /** From outbox to MDN; 1 s. */
  readonly mdnAfter?: Milliseconds
  /** What partners answer to what is sent to them; one receipt, *processed*, by default. */
  readonly answers?: Answers
  /** Where receipts are kept; `by-partner`. */
  readonly mdnLayout?: MdnLayout
  /** How receipts are stored; `headers`. */
  readonly mdnForm?: MdnForm
  /** Where documents are kept; `by-message`. */
  readonly fileLayout?: FileLayout
  /** The same seed and clock give the same ids; others each time by default. */
  readonly seed?: number
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
interface WaitingMdn {
  readonly kept: KeptMessage
  readonly receipt: Receipt
  readonly due: EpochMs
}
/** A message in one of the boxes. */
interface KeptMessage extends Partner {
  readonly message: As2Message
  readonly key: string
  /** How many came or went for it. */
  receipts: number
}
/** When a document came. */
interface Arrived {
  /** Now by default. */
  readonly at?: EpochMs
  /** What its id says, by which keys are in order; earlier than it came for one that comes out of order. */
  readonly idAt?: EpochMs
}

/** @see the gateway's documentation: the same name is a duplicate for six hours */
const duplicateWindow: Milliseconds = 6 * 3600 * 1000
/** Message folders count milliseconds from here, with four random digits behind. */
const folderEpoch: EpochMs = Date.UTC(2020, 0, 1)

export class Gateway {
  /** All that happened, for tests to compare. */
  readonly events: GatewayEvent[] = []
  readonly #options: GatewayOptions
  readonly #waiting: Waiting[] = []
  readonly #waitingMdns: WaitingMdn[] = []
  /** When a name was last sent, by key below `AS2/send/`. */
  readonly #sentAt = new Map<string, EpochMs>()
  readonly #listeners = new Set<(event: GatewayEvent) => void>()
  readonly #stopListening: () => void
  /** In the outbox, or once there, by key. */
  readonly #outbox = new Map<string, KeptMessage>()
  readonly #folders = new Set<string>()
  readonly #random: Random
  #taken = 0
  #mdns = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed ?? randomInt(2 ** 32))
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
    for (const { kept, receipt } of takeDue(this.#waitingMdns, now)) this.#putMdn(kept, 'incoming', now, receipt)
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
  receive({ station, partner }: Partner, filename: string, bytes: Uint8Array, arrived: Arrived = {}): string {
    const owner = { station, partner }
    const at = arrived.at ?? this.#options.clock.now()
    const folder = this.#folder(arrived.idAt ?? at)
    const id = partnersMessageId(owner.partner, folder)
    const message = { id, folder, from: owner.partner, to: owner.station, filename, bytes, at }
    const kept = this.#keep(owner, message, 'inbox')
    this.#putMdn(kept, 'outgoing', at, receipts.processed)
    this.#announce({ what: 'received', ...owner, filename, key: kept.key, bytes: Buffer.from(bytes), at })
    return kept.key
  }

  /** What partners send, one after the other. @see arrivals */
  arrive(arrival: Arrival): string {
    const at = this.#options.clock.now()
    return this.receive(arrival, arrival.filename, arrival.bytes, { at, idAt: at - arrival.delay })
  }

  /** Another program of the station's sends a document, by another way than the bucket. */
  send({ station, partner }: Partner, filename: string, bytes: Uint8Array): void {
    this.#send({ station, partner }, filename, Buffer.from(bytes), this.#options.clock.now())
  }

  /** A document that went out in the past, receipt included. @returns its key */
  recordSent(owner: Partner, filename: string, bytes: Uint8Array, at: EpochMs, receipt?: Receipt): string {
    const kept = this.#keep(owner, this.#ownMessage(owner, filename, bytes, at), 'outbox')
    this.#sentAt.set(`${owner.station}/${owner.partner}/${filename}`, at)
    if (receipt) this.#putMdn(kept, 'incoming', at + (receipt.after ?? 4_000), receipt)
    return kept.key
  }

  /**
   * The partner answers now, whatever was answered before.
   * @param key where the message is, or was, in the outbox
   * @returns the receipt's key
   */
  answer(key: string, receipt: Receipt, at: EpochMs = this.#options.clock.now()): string {
    return this.#putMdn(this.#inOutbox(key), 'incoming', at, receipt)
  }

  /** The same message goes out once more, as by hand in the gateway: the partner, who has it, will say so. */
  resend(key: string): void {
    this.#expect(this.#inOutbox(key), receipts.duplicate)
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
    this.#send(owner, filename, bytes, at)
  }

  #send(owner: Partner, filename: string, bytes: Buffer, at: EpochMs): void {
    this.#sentAt.set(`${owner.station}/${owner.partner}/${filename}`, at)
    const message = this.#ownMessage(owner, filename, bytes, at)
    const kept = this.#keep(owner, message, 'outbox')
    const answers = this.#options.answers ?? (() => [receipts.processed])
    for (const receipt of answers(message, this.#taken++)) this.#expect(kept, receipt)
    this.#announce({ what: 'sent', ...owner, filename, key: kept.key, bytes, at })
  }

  #ownMessage({ station, partner }: Partner, filename: string, bytes: Uint8Array, at: EpochMs): As2Message {
    const folder = this.#folder(at)
    return { id: ownMessageId(folder), folder, from: station, to: partner, filename, bytes, at }
  }

  #keep(owner: Partner, message: As2Message, box: 'inbox' | 'outbox'): KeptMessage {
    const { server, fileLayout = 'by-message' } = this.#options
    const { station, partner } = owner
    const { folder, bytes, at } = message
    const mtime = { mtime: at }
    const path = `${station}/${partner}/${box}/${folder}`
    server.put(`${root}headers/${path}/headers.txt`, Buffer.from(headersOf(message)), mtime)
    server.put(`${root}raw-message/${path}/message.as2`, rawMessage(message), mtime)
    const key = fileKey(fileLayout, box, { ...owner, ...message })
    server.put(key, bytes, mtime)
    const kept = { station, partner, message, key, receipts: 0 }
    if (box === 'outbox') this.#outbox.set(key, kept)
    return kept
  }

  #inOutbox(key: string): KeptMessage {
    const kept = this.#outbox.get(key)
    if (!kept) throw new Error(`${key} was never in the outbox`)
    return kept
  }

  #expect(kept: KeptMessage, receipt: Receipt): void {
    const after = receipt.after ?? this.#options.mdnAfter ?? 1_000
    this.#waitingMdns.push({ kept, receipt, due: this.#options.clock.now() + after })
  }

  #putMdn(kept: KeptMessage, direction: 'incoming' | 'outgoing', at: EpochMs, receipt: Receipt): string {
    const { server, mdnLayout = 'by-partner', mdnForm = 'headers' } = this.#options
    const { station, partner, message } = kept
    kept.receipts += 1
    this.#mdns += 1
    const id = direction === 'incoming' ? mdnId(message, this.#mdns, at) : ownMessageId(this.#folder(at))
    const { folder, filename } = message
    const key = mdnKey(mdnLayout, direction, { station, partner, folder, id, nth: kept.receipts, at })
    const bytes = mdnFor(message, id, at, receipt, receipt.form ?? mdnForm)
    server.put(key, bytes, { mtime: at })
    if (direction === 'incoming') this.#announce({ what: 'mdn', station, partner, filename, key, bytes, at })
    return key
  }

  /** Time first, so that later messages come later in the listing; unlike any before. */
  #folder(at: EpochMs): string {
    for (;;) {
      const folder = String((at - folderEpoch) * 10_000 + between(this.#random, 0, 10_000))
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
