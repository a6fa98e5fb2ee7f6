/**
 * Contents of small files that stand in the journal: so that a close(2) waits for one sync, and not for those of a file and of its name
 * as well. They count until the file itself is on disk. What the journal says of them, at a start and while it is written: pure.
 */
import type { Bytes } from '../../units.js'
import type { EventType } from './events.js'
import type { JournalEntry } from './entry.js'
import { isLocal, type Message } from './message.js'

/** By the ids of their messages: base64. */
export type Contents = Readonly<Record<string, string>>

/** Larger ones are written once, and synced. */
export const mostContent: Bytes = 32 * 1024

/** From then on the data is another one, or is needed whatever becomes of its message: it is on disk before. */
export const endsContent: ReadonlySet<EventType> = new Set(['reopened', 'written-again', 'packed'])

export class KeptContents {
  readonly #all = new Map<string, string>()
  /** Messages that may be written to, by the last that was noted of them. */
  readonly #open = new Set<string>()
  #size: Bytes = 0

  /** Of all, as they stand there. */
  get size(): Bytes {
    return this.#size
  }

  /** Oldest first. */
  get ids(): readonly string[] {
    return [...this.#all.keys()]
  }

  /** An entry is in the journal. */
  note({ messages = [], events = [], contents = {} }: JournalEntry): void {
    for (const [i, { id, state, isComplete }] of messages.entries()) {
      const event = events[i]
      if (state === 'open' && isComplete !== true) this.#open.add(id)
      else this.#open.delete(id)
      const isOther = event !== undefined && (event === 'flushed' || endsContent.has(event))
      if (isOther || !isLocal(state)) this.drop(id)
    }
    for (const [id, content] of Object.entries(contents)) this.#put(id, content)
  }

  /** @returns base64 */
  get(id: string): string | undefined {
    return this.#all.get(id)
  }

  /** Whether somebody may write to it. */
  isOpen(id: string): boolean {
    return this.#open.has(id)
  }

  /** All that a file holds, as far as it was closed. */
  bytes(id: string): Buffer | undefined {
    const content = this.#all.get(id)
    return content === undefined ? undefined : Buffer.from(content, 'base64')
  }

  /**
   * What a file is to hold by that, from its beginning on.
   * @param found its first bytes, at least as many as were kept, where it has so many; undefined: it is not there
   * @returns undefined: somebody may have written to it since
   */
  wantedOf(id: string, found: Uint8Array | undefined): Buffer | undefined {
    const content = this.bytes(id)
    if (content === undefined || found === undefined || found.length < content.length) return content
    // What was never written to a disk is read as zeros.
    const isOther = this.#open.has(id) && content.some((byte, i) => found[i] !== byte && found[i] !== 0)
    return isOther ? undefined : content
  }

  /** Its file is on disk, or nobody needs it. */
  drop(id: string): void {
    this.#size -= this.#all.get(id)?.length ?? 0
    this.#all.delete(id)
  }

  /** A start goes on with these messages, none of which anybody writes to; what others had is needed no more. */
  begun(messages: readonly Message[]): void {
    this.#open.clear()
    const needed = new Set(messages.filter((it) => isLocal(it.state)).map((it) => it.id))
    for (const id of this.ids) if (!needed.has(id)) this.drop(id)
  }

  /** For a journal that is made anew: a line each. */
  entries(): JournalEntry[] {
    return Array.from(this.#all, ([id, content]) => ({ contents: { [id]: content } }))
  }

  #put(id: string, content: string): void {
    this.drop(id)
    this.#all.set(id, content)
    this.#size += content.length
  }
}

/** Sizes of what the spool has, and of what only the journal has, or all of. @param sizes of the spool's files by id */
export function withContents(sizes: ReadonlyMap<string, Bytes>, contents: KeptContents): ReadonlyMap<string, Bytes> {
  const all = new Map(sizes)
  for (const id of contents.ids) all.set(id, Math.max(all.get(id) ?? 0, contents.bytes(id)?.length ?? 0))
  return all
}
