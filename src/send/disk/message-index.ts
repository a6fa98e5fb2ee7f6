/** Messages by what is asked for again and again: path, partner, state. Each answer costs what it brings, not what there is. */
import { Groups } from '../life/groups.js'
import { pathId, type Message } from '../life/message.js'
import type { Partner } from '../../view/partner.js'
import { Tally } from './tally.js'

export class MessageIndex {
  readonly #byId = new Map<string, Message>()
  /** Of those that are shown: all but the gone ones. */
  readonly #byPath = new Map<string, string>()
  /** All of them, gone ones included, by path. */
  readonly #namesakes = new Groups<Message>()
  /** Those that are shown, by partner. */
  readonly #shown = new Groups<Message>()
  readonly #submitted = new Groups<Message>()
  readonly #untold = new Groups<Message>()
  /** Archives of bundles that are to be made. */
  readonly #unpacked = new Map<string, Message>()
  /** Those whose parts may be in the bucket. */
  readonly #inParts = new Map<string, Message>()
  /** Of those that are shown. */
  readonly tally = new Tally()

  get size(): number {
    return this.#byId.size
  }

  get(id: string): Message | undefined {
    return this.#byId.get(id)
  }

  /** The message that is shown under a path. */
  at(partner: Partner, path: string): Message | undefined {
    const id = this.#byPath.get(pathId(partner, path))
    return id === undefined ? undefined : this.#byId.get(id)
  }

  /** All that have or had this path, gone ones included. */
  named(partner: Partner, path: string): Iterable<Message> {
    return this.#namesakes.of(pathId(partner, path))
  }

  all(): Iterable<Message> {
    return this.#byId.values()
  }

  /** Those of a partner that are shown. */
  of(partner: Partner): Iterable<Message> {
    return this.#shown.of(pathId(partner, ''))
  }

  /** Those that the gateway has not taken yet, by partner. */
  submitted(): Iterable<Iterable<Message>> {
    return this.#submitted.all()
  }

  submittedOf(partner: Partner): Iterable<Message> {
    return this.#submitted.of(pathId(partner, ''))
  }

  /** Those that it took, of which is not told yet for what, by partner. */
  untold(): Iterable<Iterable<Message>> {
    return this.#untold.all()
  }

  unpacked(): Iterable<Message> {
    return this.#unpacked.values()
  }

  inParts(): Iterable<Message> {
    return this.#inParts.values()
  }

  put(message: Message): void {
    const before = this.#byId.get(message.id)
    if (before) this.#unlink(before)
    const { id, state } = message
    this.#byId.set(id, message)
    this.#namesakes.set(pathId(message, message.path), id, message)
    if (message.upload) this.#inParts.set(id, message)
    if (message.isUntold === true) this.#untold.set(pathId(message, ''), id, message)
    if (state === 'gone') return
    this.#byPath.set(pathId(message, message.path), id)
    this.#shown.set(pathId(message, ''), id, message)
    this.tally.add(message)
    if (state === 'submitted') this.#submitted.set(pathId(message, ''), id, message)
    if (state === 'held' && message.members) this.#unpacked.set(id, message)
  }

  /** @param message as it was put */
  remove(message: Message): void {
    this.#byId.delete(message.id)
    this.#unlink(message)
  }

  #unlink(message: Message): void {
    const { id, state } = message
    const path = pathId(message, message.path)
    if (this.#byPath.get(path) === id) this.#byPath.delete(path)
    this.#namesakes.delete(path, id)
    this.#shown.delete(pathId(message, ''), id)
    this.#submitted.delete(pathId(message, ''), id)
    this.#untold.delete(pathId(message, ''), id)
    this.#unpacked.delete(id)
    this.#inParts.delete(id)
    if (state !== 'gone') this.tally.remove(message)
  }
}
