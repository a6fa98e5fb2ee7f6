/** Whether the gateway's data is below `--prefix`: a mount of another prefix is empty, and what it sends nobody takes. */
import type { CancelSignal } from '../cancellation.js'
import { timeLimit } from '../patience.js'
import type { Store } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds, Prefix } from '../units.js'
import { gatewayFolders } from '../view/tree.js'

export interface PrefixOptions {
  readonly store: Store
  readonly bucket: string
  /** `--prefix` */
  readonly root: Prefix
}

/** Why a mount shows nothing. */
export interface EmptyRoot {
  /** The gateway's data is certainly elsewhere; else there may be none yet. */
  readonly isWrong: boolean
  /** One, that says what to do. */
  readonly sentence: string
}

/** Other folders at the top of the bucket that are looked into, and named. */
const mostOthers = 5
const lookWithin: Milliseconds = 10_000
const lookEvery: Milliseconds = 60_000

/** @param folders directly below a prefix */
export function isGatewayRoot(root: Prefix, folders: readonly string[]): boolean {
  return gatewayFolders(root).some((it) => folders.includes(it))
}

/** What there is in place of a gateway's folders, where a prefix has none. Never throws */
export async function elsewhere({ store, bucket, root }: PrefixOptions, signal: CancelSignal): Promise<EmptyRoot> {
  const top = await foldersBelow(store, '' as Prefix, signal)
  const nothing = `There is nothing of a gateway below ${root} in the bucket ${bucket}`
  if (top === undefined) return { isWrong: false, sentence: `${nothing}: is --prefix right?` }
  const others = top.filter((it) => it !== root)
  const looked = others.slice(0, mostOthers)
  const below = await Promise.all(looked.map((it) => foldersBelow(store, it, signal)))
  const meant = looked.find((it, at) => isGatewayRoot(it, below[at] ?? []))
  if (meant !== undefined) return { isWrong: true, sentence: `${nothing}, but below ${meant}: give --prefix ${meant}.` }
  const has = others.length === 0 ? 'it has nothing else either' : `it has ${named(others)}`
  return {
    isWrong: false,
    sentence: `${nothing}; ${has}: the gateway has put nothing there yet, or it is another one.`,
  }
}

export class PrefixWatch {
  readonly #options: PrefixOptions
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #log: Pick<Logger, 'warn'>
  #empty: EmptyRoot | undefined
  #lookedAt: Milliseconds

  /** @param folders that a first look has found below the prefix; undefined: it is not known yet */
  constructor(
    options: PrefixOptions,
    folders: readonly string[] | undefined,
    clock: Pick<Clock, 'monotonic'>,
    log: Pick<Logger, 'warn'>,
  ) {
    this.#options = options
    this.#clock = clock
    this.#log = log
    this.#lookedAt = clock.monotonic()
    if (folders !== undefined && !isGatewayRoot(options.root, folders)) void this.#look()
  }

  /** As of the last look; who asks while it is empty has it looked for anew, in the background. */
  get empty(): EmptyRoot | undefined {
    if (this.#empty && this.#clock.monotonic() - this.#lookedAt >= lookEvery) void this.#lookAgain()
    return this.#empty
  }

  async #lookAgain(): Promise<void> {
    const { store, root } = this.#options
    this.#lookedAt = this.#clock.monotonic()
    const below = await foldersBelow(store, root, timeLimit(lookWithin))
    if (below !== undefined && isGatewayRoot(root, below)) this.#empty = undefined
    else if (below !== undefined) await this.#look()
  }

  async #look(): Promise<void> {
    const before = this.#empty?.sentence
    this.#empty = await elsewhere(this.#options, timeLimit(lookWithin))
    if (this.#empty.sentence !== before) this.#log.warn(this.#empty.sentence)
  }
}

/** @returns undefined if that can't be told */
async function foldersBelow(
  store: Store,
  prefix: Prefix,
  signal: CancelSignal,
): Promise<readonly Prefix[] | undefined> {
  try {
    return (await store.list({ prefix, delimiter: '/', maxKeys: 100, isShortcut: true }, signal)).prefixes
  } catch {
    return undefined
  }
}

function named(folders: readonly string[]): string {
  const shown = folders.slice(0, mostOthers)
  return [...shown, ...(folders.length > shown.length ? ['others'] : [])].join(', ')
}
