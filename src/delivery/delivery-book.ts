/**
 * What was told of deliveries, and what was sent, in memory and in the log of the state directory, which is made anew when it has
 * grown. What is older than the gateway keeps messages is forgotten then: nothing is told of such any more.
 */
import { LineLog, type LineLogOptions } from '../journal/line-log.js'
import { newHasher, newSeed } from '../text-hash.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import { lineIn, type DeliveryEntry, type DeliveryLine, type WaitingPartner } from './delivery-entry.js'
import { SentFiles, type SentFile } from './sent-files.js'
import { ToldMessages, type DeliveryEventName } from './told-messages.js'

/** It is made anew when it has this many lines more than say all that is known. */
const compactAfter = 10_000
const rowsOfLine = 200
/** The gateway's rules take messages away after 35 days. */
const rememberedFor: Milliseconds = 40 * 24 * 3_600_000

export interface DeliveryBookOptions extends Omit<LineLogOptions, 'name' | 'what'> {
  /** By the bucket's clock. */
  readonly now: () => EpochMs
  /** After so many lines it is made anew. */
  readonly compactAfter?: number
}

export class DeliveryBook {
  /** Of what may not have come to the audit trail, when it was opened. */
  unsure: readonly DeliveryEntry[] = []
  readonly #options: DeliveryBookOptions
  readonly #log: LineLog
  readonly #lastSent = new Map<string, WaitingPartner>()
  #seed: number
  #told: ToldMessages
  #sent: SentFiles
  /** What was in an outbox before that is nobody's concern. */
  #from: EpochMs = Infinity
  /** The latest time of all that is known. */
  #newest: EpochMs = 0
  /** Since it was made anew. */
  #lines = 0

  private constructor(options: DeliveryBookOptions, log: LineLog, seed: number) {
    this.#options = options
    this.#log = log
    this.#seed = seed
    const hash = newHasher(seed)
    this.#told = new ToldMessages(hash)
    this.#sent = new SentFiles(hash)
  }

  /** @throws the disk's own error, or NotOursError */
  static async open(options: DeliveryBookOptions): Promise<DeliveryBook> {
    const log = await LineLog.open({ ...options, name: 'deliveries', what: 'What was told of deliveries' })
    const book = new DeliveryBook(options, log, newSeed())
    await book.#load()
    return book
  }

  /** One sentence, while it can't be written. */
  get problem(): string | undefined {
    return this.#log.problem
  }

  get from(): EpochMs {
    return this.#from
  }

  /** To whom something was sent, and when last. */
  get lastSent(): Iterable<WaitingPartner> {
    return this.#lastSent.values()
  }

  /** @returns whether it was not known */
  sent(file: SentFile): boolean {
    if (!this.#noteSent(file)) return false
    this.#append({ sent: file })
    return true
  }

  /** When a program here closed the file that has become this object; undefined: another has sent it. */
  closedAt(partner: Partner, object: ObjectInfo): EpochMs | undefined {
    return this.#sent.closedAt(partner, object)
  }

  isTold(message: Partner & { readonly message: string }, event: DeliveryEventName): boolean {
    return this.#told.has(message, event)
  }

  /** It is about to be told. */
  told(entry: DeliveryEntry): void {
    this.noteTold(entry)
    this.#append({ told: entry })
  }

  /** The audit trail has it. */
  noteTold(entry: DeliveryEntry): void {
    const at = Date.parse(entry.at)
    this.#newest = Math.max(this.#newest, at)
    this.#told.add(entry, entry.event, at)
  }

  /** @returns whether all is written */
  written(): Promise<boolean> {
    return this.#log.written()
  }

  /** All that was told has come to the audit trail. */
  flushed(): void {
    this.#append({ flushed: true })
  }

  get isGrown(): boolean {
    const rows = (this.#told.size + this.#sent.size) / rowsOfLine
    return this.#lines > (this.#options.compactAfter ?? compactAfter) + rows
  }

  /** For a time at which all that was told is flushed. */
  async compact(): Promise<void> {
    if (!this.isGrown) return
    this.#forget()
    await this.#log.replace(() => {
      this.#lines = 0
      return this.#entries()
    })
  }

  close(): Promise<void> {
    return this.#log.close()
  }

  async #load(): Promise<void> {
    const unsure: DeliveryEntry[] = []
    await this.#log.load((value) => {
      this.#lines += 1
      const line = lineIn(value)
      if (!line) return
      this.#apply(line)
      if ('told' in line) unsure.push(line.told)
      if ('flushed' in line) unsure.length = 0
    })
    this.unsure = unsure
    if (this.#from < Infinity) return
    this.#from = this.#options.now()
    this.#append({ from: this.#from })
  }

  #apply(line: DeliveryLine): void {
    if ('from' in line) this.#from = Math.min(this.#from, line.from)
    else if ('sent' in line) this.#noteSent(line.sent)
    else if ('told' in line) this.noteTold(line.told)
    else if ('waits' in line) this.#noteLast(line.waits)
    else if ('seed' in line) this.#unpack(line)
  }

  #unpack(line: Extract<DeliveryLine, { seed: number }>): void {
    if (line.seed !== this.#seed) {
      // They stand before all others.
      this.#seed = line.seed
      const hash = newHasher(line.seed)
      this.#told = new ToldMessages(hash)
      this.#sent = new SentFiles(hash)
    }
    if ('toldRows' in line) for (const row of line.toldRows) this.#told.addPacked(row)
    else for (const row of line.sentRows) this.#sent.addPacked(row)
  }

  #noteSent(file: SentFile): boolean {
    if (!this.#sent.add(file)) return false
    const { station, partner, submittedAt: sentAt } = file
    this.#noteLast({ station, partner, sentAt })
    return true
  }

  #noteLast(last: WaitingPartner): void {
    this.#newest = Math.max(this.#newest, last.sentAt)
    const name = `${last.station}\n${last.partner}`
    if (last.sentAt >= (this.#lastSent.get(name)?.sentAt ?? 0)) this.#lastSent.set(name, last)
  }

  #append(line: DeliveryLine): void {
    this.#lines += 1
    this.#log.append(line)
  }

  #forget(): void {
    const since = this.#newest - rememberedFor
    this.#from = Math.max(this.#from, since)
    const hash = newHasher(this.#seed)
    const [told, sent] = [new ToldMessages(hash), new SentFiles(hash)]
    for (const row of this.#told.packed(since)) told.addPacked(row)
    for (const row of this.#sent.packed(since)) sent.addPacked(row)
    this.#told = told
    this.#sent = sent
    for (const [name, { sentAt }] of this.#lastSent) if (sentAt < since) this.#lastSent.delete(name)
  }

  *#entries(): Generator<DeliveryLine, undefined> {
    const seed = this.#seed
    for (const toldRows of inLines(this.#told.packed(0))) yield { seed, toldRows }
    for (const sentRows of inLines(this.#sent.packed(0))) yield { seed, sentRows }
    for (const waits of this.#lastSent.values()) yield { waits }
    yield { from: this.#from }
  }
}

function* inLines(rows: Iterable<readonly number[]>): Generator<readonly (readonly number[])[], undefined> {
  let line: (readonly number[])[] = []
  for (const row of rows) {
    line.push(row)
    if (line.length < rowsOfLine) continue
    yield line
    line = []
  }
  if (line.length > 0) yield line
}
