/**
 * Files that wait for their upload: when each is due, by a clock that can't step, and which are next. What is done to one of
 * them costs the same however many there are.
 */
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes, Milliseconds } from '../../units.js'
import { PriorityQueue } from './priority-queue.js'
import { pathId, type Message } from '../life/message.js'

export interface UploadLimits {
  /** `--uploads` */
  readonly uploads: number
  /** Above it a file is large: large ones never take the last slot. */
  readonly large: Bytes
}

interface Waiting {
  message: Message
  /** By the monotonic clock. */
  due: Milliseconds
  /** It was taken, and not given back yet. */
  isTaken: boolean
  /** Of its place in a heap: one that has another there now is passed over. */
  stamp: number
}

/** A place in a heap, which keeps it though what is known of the file changes. */
interface Place {
  readonly waiting: Waiting
  readonly stamp: number
  /** By what it is ordered: when it is due, or when it was closed. */
  readonly at: number
}

/** Of one partner: those that are due, first closed first. */
interface Due {
  readonly small: PriorityQueue<Place>
  readonly large: PriorityQueue<Place>
}

export class UploadQueue {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #limits: UploadLimits
  readonly #byId = new Map<string, Waiting>()
  readonly #paused = new PriorityQueue(isBefore)
  readonly #due = new Map<string, Due>()
  /** How many were taken, by partner. */
  readonly #taken = new Map<string, number>()
  #takenInAll = 0
  #takenLarge = 0
  #stamps = 0

  constructor(clock: Pick<Clock, 'monotonic'>, limits: UploadLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0
  }

  /** Those that are queued or being uploaded. */
  *all(): Iterable<Message> {
    for (const { message } of this.#byId.values()) yield message
  }

  /** A message as it is from now on. Its wait begins anew if it has become another one, or was given another wait. */
  see(message: Message): void {
    const known = this.#byId.get(message.id)
    if (message.state !== 'queued' && message.state !== 'uploading') {
      this.#forget(known)
      return
    }
    const waiting = known ?? { message, due: this.#dueOf(message), isTaken: false, stamp: 0 }
    if (known && !hasSameWait(known.message, message)) waiting.due = this.#dueOf(message)
    waiting.message = message
    this.#byId.set(message.id, waiting)
    this.#place(waiting)
  }

  /** How long it waits yet, if it waits for a time. */
  waitOf(id: string): Milliseconds | undefined {
    const waiting = this.#byId.get(id)
    const wait = waiting ? waiting.due - this.#clock.monotonic() : 0
    return wait > 0 ? wait : undefined
  }

  /** It is due in a while from now on, whatever was said before. */
  dueIn(id: string, wait: Milliseconds): void {
    const waiting = this.#byId.get(id)
    if (!waiting) return
    waiting.due = this.#clock.monotonic() + wait
    this.#place(waiting)
  }

  /**
   * Takes those that are next, as many as may be under way with those that were taken before: first closed first, partners
   * with fewest under way first.
   * @param isFree nobody is changing it just now
   */
  take(isFree: (id: string) => boolean): Message[] {
    this.#wake()
    const held: Waiting[] = []
    const taken: Message[] = []
    while (this.#takenInAll < this.#limits.uploads) {
      const next = this.#fairest()
      if (!next) break
      if (isFree(next.message.id)) taken.push(this.#take(next))
      else held.push(next)
      // One that is not free is out of the way until the others had their turn.
      if (!next.isTaken) next.stamp = 0
    }
    for (const waiting of held) this.#place(waiting)
    return taken
  }

  /** It is not under way any more. */
  giveBack(id: string): void {
    const waiting = this.#byId.get(id)
    if (!waiting?.isTaken) return
    this.#release(waiting)
    this.#place(waiting)
  }

  /** How long until the next one is due; 0 if one is that was not free, undefined if none waits for a time. */
  untilNext(): Milliseconds | undefined {
    if (this.#fairest()) return 0
    const next = first(this.#paused)
    return next && Math.max(0, next.due - this.#clock.monotonic())
  }

  #dueOf({ wait = 0 }: Message): Milliseconds {
    return this.#clock.monotonic() + wait
  }

  #forget(waiting: Waiting | undefined): void {
    if (!waiting) return
    if (waiting.isTaken) this.#release(waiting)
    waiting.stamp = 0
    this.#byId.delete(waiting.message.id)
  }

  #place(waiting: Waiting): void {
    waiting.stamp = 0
    if (waiting.isTaken || waiting.message.state !== 'queued' || !this.#byId.has(waiting.message.id)) return
    waiting.stamp = ++this.#stamps
    const { message, due, stamp } = waiting
    if (due > this.#clock.monotonic()) {
      this.#paused.push({ waiting, stamp, at: due })
      return
    }
    const heap = this.#dueOfPartner(message)[this.#isLarge(message) ? 'large' : 'small']
    heap.push({ waiting, stamp, at: message.closedAt ?? 0 })
  }

  /** Whatever is due by now is with those of its partner. */
  #wake(): void {
    const now = this.#clock.monotonic()
    for (let next = first(this.#paused); next && next.due <= now; next = first(this.#paused)) this.#place(next)
  }

  #dueOfPartner(message: Message): Due {
    const partner = pathId(message, '')
    let due = this.#due.get(partner)
    if (!due) {
      due = { small: new PriorityQueue(isBefore), large: new PriorityQueue(isBefore) }
      this.#due.set(partner, due)
    }
    return due
  }

  #fairest(): Waiting | undefined {
    const mayLarge = this.#takenLarge < Math.max(1, this.#limits.uploads - 1)
    let best: { readonly waiting: Waiting; readonly load: number } | undefined
    for (const [partner, { small, large }] of this.#due) {
      const [a, b] = [first(small), first(large)]
      if (!a && !b) this.#due.delete(partner)
      const candidate = mayLarge ? older(a, b) : a
      const load = this.#taken.get(partner) ?? 0
      if (!candidate || (best && load > best.load)) continue
      const isBetter = !best || load < best.load || older(candidate, best.waiting) === candidate
      if (isBetter) best = { waiting: candidate, load }
    }
    return best?.waiting
  }

  #take(waiting: Waiting): Message {
    this.#count(waiting.message, 1)
    waiting.isTaken = true
    waiting.stamp = 0
    return waiting.message
  }

  #release(waiting: Waiting): void {
    waiting.isTaken = false
    this.#count(waiting.message, -1)
  }

  #count(message: Message, by: 1 | -1): void {
    const partner = pathId(message, '')
    const taken = (this.#taken.get(partner) ?? 0) + by
    if (taken === 0) this.#taken.delete(partner)
    else this.#taken.set(partner, taken)
    this.#takenInAll += by
    if (this.#isLarge(message)) this.#takenLarge += by
  }

  #isLarge({ size }: Message): boolean {
    return size > this.#limits.large
  }
}

/** The first of a heap that has its place there still. */
function first(heap: PriorityQueue<Place>): Waiting | undefined {
  for (let place = heap.peek(); place; place = heap.peek()) {
    if (place.stamp === place.waiting.stamp) return place.waiting
    heap.pop()
  }
  return undefined
}

function isBefore(a: Place, b: Place): boolean {
  return a.at === b.at ? a.stamp < b.stamp : a.at < b.at
}

function older(a: Waiting | undefined, b: Waiting | undefined): Waiting | undefined {
  if (!a || !b) return a ?? b
  return isOlder(b.message, a.message) ? b : a
}

function isOlder(a: Message, b: Message): boolean {
  return (a.closedAt ?? 0) < (b.closedAt ?? 0)
}

/** A new time or a further look at what it is changes nothing in when it is due. */
function hasSameWait(a: Message, b: Message): boolean {
  const isSame = a.state === b.state && a.path === b.path && a.tries === b.tries
  return isSame && a.closedAt === b.closedAt && a.wait === b.wait
}
