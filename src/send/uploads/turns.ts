/**
 * Whose turn it is to be uploaded: when each file that waits is due, by a clock that can't step, and which of those that are due
 * come next. What is done to one of them costs the same however many there are.
 */
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes, EpochMs, Milliseconds } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { pathId } from '../life/message.js'
import { PriorityQueue } from '../../priority-queue.js'
import { Slots, type SlotLimits } from './slots.js'

/** All that is asked of a sent file to know when its turn is. */
export interface WaitingFile extends Partner {
  readonly id: string
  readonly path: string
  /** It waits while it is `queued`, and keeps its slot while it is `uploading`. */
  readonly state: string
  readonly size: Bytes
  readonly closedAt?: EpochMs
  readonly tries: number
  /** So long after it came to this its turn does not come. */
  readonly wait?: Milliseconds
  /** Its last try has failed, in one sentence. */
  readonly error?: string
}

interface Waiting {
  file: WaitingFile
  /** By the monotonic clock. */
  due: Milliseconds
  /** It was taken, and not given back yet. */
  isTaken: boolean
  /** It was taken, and hangs: it keeps nobody's place. */
  isAside: boolean
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

export class Turns {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #slots: Slots
  readonly #byId = new Map<string, Waiting>()
  readonly #paused = new PriorityQueue(isBefore)
  readonly #due = new Map<string, Due>()
  #stamps = 0

  constructor(clock: Pick<Clock, 'monotonic'>, limits: SlotLimits) {
    this.#clock = clock
    this.#slots = new Slots(limits)
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0
  }

  /** Those that wait or are being uploaded. */
  *all(): Iterable<WaitingFile> {
    for (const { file } of this.#byId.values()) yield file
  }

  /** A file as it is from now on. Its wait begins anew if it has become another one, or was given another wait. */
  update(file: WaitingFile): void {
    const known = this.#byId.get(file.id)
    if (file.state !== 'queued' && file.state !== 'uploading') {
      this.#forget(known)
      return
    }
    const waiting = known ?? { file, due: this.#dueOf(file), isTaken: false, isAside: false, stamp: 0 }
    if (known && !hasSameWait(known.file, file)) waiting.due = this.#dueOf(file)
    waiting.file = file
    this.#byId.set(file.id, waiting)
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
  take(isFree: (id: string) => boolean): WaitingFile[] {
    this.#wake()
    const held: Waiting[] = []
    const taken: WaitingFile[] = []
    while (!this.#slots.areTaken) {
      const next = this.#fairest()
      if (!next) break
      if (isFree(next.file.id)) taken.push(this.#take(next))
      else held.push(next)
      // One that is not free is out of the way until the others had their turn.
      if (!next.isTaken) next.stamp = 0
    }
    for (const waiting of held) this.#place(waiting)
    return taken
  }

  /** It is under way and hangs: another one may be taken in its place. As many as may be under way may hang. */
  putAside(id: string): void {
    const waiting = this.#byId.get(id)
    if (!waiting?.isTaken || waiting.isAside) return
    waiting.isAside = this.#slots.putAside(waiting.file)
  }

  /** It is not under way any more. */
  giveBack(id: string): void {
    const waiting = this.#byId.get(id)
    if (!waiting?.isTaken) return
    this.#release(waiting)
    this.#place(waiting)
  }

  /** How long until the next is due; undefined if none waits for a time, or may be taken then. One that was not free waits for none. */
  untilNext(): Milliseconds | undefined {
    if (this.#slots.areTaken) return undefined
    const next = first(this.#paused)
    return next && Math.max(0, next.due - this.#clock.monotonic())
  }

  #dueOf({ wait = 0 }: WaitingFile): Milliseconds {
    return this.#clock.monotonic() + wait
  }

  #forget(waiting: Waiting | undefined): void {
    if (!waiting) return
    if (waiting.isTaken) this.#release(waiting)
    waiting.stamp = 0
    this.#byId.delete(waiting.file.id)
  }

  #place(waiting: Waiting): void {
    waiting.stamp = 0
    if (waiting.isTaken || waiting.file.state !== 'queued' || !this.#byId.has(waiting.file.id)) return
    waiting.stamp = ++this.#stamps
    const { file, due, stamp } = waiting
    if (due > this.#clock.monotonic()) {
      this.#paused.push({ waiting, stamp, at: due })
      return
    }
    const heap = this.#dueOfPartner(file)[this.#slots.isLarge(file) ? 'large' : 'small']
    heap.push({ waiting, stamp, at: file.closedAt ?? 0 })
  }

  /** Whatever is due by now is with those of its partner. */
  #wake(): void {
    const now = this.#clock.monotonic()
    for (let next = first(this.#paused); next && next.due <= now; next = first(this.#paused)) this.#place(next)
  }

  #dueOfPartner(file: WaitingFile): Due {
    const partner = pathId(file, '')
    let due = this.#due.get(partner)
    if (!due) {
      due = { small: new PriorityQueue(isBefore), large: new PriorityQueue(isBefore) }
      this.#due.set(partner, due)
    }
    return due
  }

  #fairest(): Waiting | undefined {
    let best: { readonly waiting: Waiting; readonly load: number } | undefined
    for (const [partner, { small, large }] of this.#due) {
      const [a, b] = [first(small), first(large)]
      if (!a && !b) this.#due.delete(partner)
      const candidate = this.#slots.mayTakeLarge ? older(a, b) : a
      const load = this.#slots.takenBy(partner)
      if (!candidate || (best && load > best.load)) continue
      const isBetter = !best || load < best.load || older(candidate, best.waiting) === candidate
      if (isBetter) best = { waiting: candidate, load }
    }
    return best?.waiting
  }

  #take(waiting: Waiting): WaitingFile {
    this.#slots.take(waiting.file)
    waiting.isTaken = true
    waiting.stamp = 0
    return waiting.file
  }

  #release(waiting: Waiting): void {
    waiting.isTaken = false
    if (waiting.isAside) this.#slots.endAside()
    else this.#slots.give(waiting.file)
    waiting.isAside = false
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
  return isOlder(b.file, a.file) ? b : a
}

function isOlder(a: WaitingFile, b: WaitingFile): boolean {
  return (a.closedAt ?? 0) < (b.closedAt ?? 0)
}

/** A new time or a further look at what it is changes nothing in when it is due. */
function hasSameWait(a: WaitingFile, b: WaitingFile): boolean {
  const isSame = a.state === b.state && a.path === b.path && a.tries === b.tries
  return isSame && a.closedAt === b.closedAt && a.wait === b.wait
}
