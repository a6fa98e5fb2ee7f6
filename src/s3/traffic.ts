/** What is asked of S3 at the moment, and for how long nothing of it has moved. For `status`: who waits learns it by himself. */
import type { Clock } from '../telemetry/clock.js'
import type { Bytes, Key, Milliseconds } from '../units.js'

export type FlowKind = 'read' | 'upload'

/** One request, tried again or not. */
export interface Flow {
  /** Bytes of it have moved. */
  moved(bytes?: Bytes): void
  /** S3 has begun to answer it, or has done so. @param bytes of the answer's body, that came just now */
  answered(bytes?: Bytes): void
  end(): void
}

interface UnderWay {
  readonly kind: FlowKind
  readonly key: Key | undefined
  movedAt: Milliseconds
}

/** After so long somebody ought to know. */
const silenceOfReads: Milliseconds = 8_000
const silenceOfUploads: Milliseconds = 20_000
const stillness: Milliseconds = 60_000

export class Traffic {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #underWay = new Set<UnderWay>()
  #heardAt: Milliseconds = -Infinity
  readonly #bytes = { sent: 0, received: 0 }

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  begin(kind: FlowKind, key?: Key): Flow {
    const flow: UnderWay = { kind, key, movedAt: this.#clock.monotonic() }
    this.#underWay.add(flow)
    return {
      moved: (bytes = 0) => {
        this.#bytes.sent += bytes
        flow.movedAt = this.#clock.monotonic()
      },
      answered: (bytes = 0) => {
        this.#bytes.received += bytes
        flow.movedAt = this.#clock.monotonic()
        this.#heardAt = flow.movedAt
      },
      end: () => this.#underWay.delete(flow),
    }
  }

  /** Bodies of objects and listings, since the mount; what was sent or read again counts again. */
  get bytes(): { readonly sent: Bytes; readonly received: Bytes } {
    return { ...this.#bytes }
  }

  /** How long nobody was answered, if that is too long and somebody waits for it. */
  get silence(): Milliseconds | undefined {
    const limits: readonly (readonly [FlowKind, Milliseconds])[] = [
      ['read', silenceOfReads],
      ['upload', silenceOfUploads],
    ]
    const found = limits.map(([kind, limit]) => {
      const silent = this.#clock.monotonic() - Math.max(this.#oldest(kind)?.movedAt ?? Infinity, this.#heardAt)
      return silent >= limit ? silent : -Infinity
    })
    const longest = Math.max(...found)
    return longest > 0 ? longest : undefined
  }

  /** The uploads of which nothing has moved for too long, whatever else is answered: since when the one that was longest, and how many. */
  get still(): { readonly key: Key; readonly since: Milliseconds; readonly count: number } | undefined {
    const now = this.#clock.monotonic()
    const found = [...this.#underWay].filter((it) => it.kind !== 'read' && now - it.movedAt >= stillness)
    found.sort((a, b) => a.movedAt - b.movedAt)
    const [first] = found
    return first?.key === undefined ? undefined : { key: first.key, since: first.movedAt, count: found.length }
  }

  #oldest(kind: FlowKind): UnderWay | undefined {
    let oldest: UnderWay | undefined
    for (const it of this.#underWay) if (it.kind === kind && !(oldest && oldest.movedAt <= it.movedAt)) oldest = it
    return oldest
  }
}
