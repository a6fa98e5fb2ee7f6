/** Files that are open in the read model: a file stays the version that was opened, or says that it can't. */
import type { Expectations } from './read-expectations.js'
import type { History, Version } from './read-history.js'
import type { Calls } from './read-calls.js'
import type { ReadWorld } from './read-world.js'
import { idle } from '../helpers/played-clock.js'

interface OpenFile {
  readonly handle: number
  /** What it may be a version of. */
  versions: readonly Version[]
}

/** A failed read is remembered for so long. */
const failureIsKept = 2_000

export class OpenFiles {
  readonly #world: ReadWorld
  readonly #history: History
  readonly #expected: Expectations
  readonly #calls: Calls
  readonly #open: OpenFile[] = []

  constructor(world: ReadWorld, history: History, expected: Expectations, calls: Calls) {
    this.#world = world
    this.#history = history
    this.#expected = expected
    this.#calls = calls
  }

  add(handle: number, versions: readonly Version[]): void {
    this.#open.push({ handle, versions })
  }

  /** How many there are. */
  get count(): number {
    return this.#open.length
  }

  async read(nth: number, from: number, length: number): Promise<void> {
    const open = this.#open[nth % Math.max(1, this.#open.length)]
    if (!open) return
    const asked = this.#world.clock.monotonic()
    const reading = this.#calls.outcome(async (signal) =>
      Buffer.from(await this.#world.fs.read(open.handle, from, length, signal)),
    )
    const outcome = await this.#calls.played('read', reading)
    if (!outcome) return
    if (outcome.value) this.#checkBytes(open, from, length, outcome.value)
    else await this.#checkFailure(open, asked, outcome.code)
  }

  async close(nth: number): Promise<void> {
    const [open] = this.#open.splice(nth % Math.max(1, this.#open.length), 1)
    if (open) await this.#world.fs.release(open.handle)
  }

  async closeAll(): Promise<void> {
    while (this.#open.length > 0) await this.close(0)
  }

  #checkBytes(open: OpenFile, from: number, length: number, bytes: Buffer): void {
    const versions = open.versions.filter((it) => it.bytes.subarray(from, from + length).equals(bytes))
    if (versions.length === 0) {
      const sentence = `are not those of the version that was opened`
      this.#calls.problem(`${bytes.length} bytes of ${open.versions[0]?.key} ${sentence}`)
    }
    open.versions = versions
  }

  /** A version that is gone, or another's: then the listing knows. */
  async #checkFailure({ versions }: OpenFile, asked: number, code: string): Promise<void> {
    if (this.#expected.mayFail([], asked, code)) return
    const [version] = versions
    const since = version && this.#history.versionsWithin(version.key, asked - failureIsKept, asked)
    const isGone = since?.has(undefined)
    const isReplaced = since && [...since].some((it) => it && it.etag !== version.etag)
    if (!(code === 'ENOENT' && isGone) && !(code === 'ESTALE' && isReplaced)) {
      this.#calls.problem(`read of ${version?.key}: ${code}`)
    }
    if (version) this.#expected.noteCorrected(version.key, asked, code === 'ENOENT')
    await idle()
  }
}
