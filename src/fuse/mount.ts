/** A mount: begun, watched, ended. */
import Fuse from 'fuse-native'
import { setTimeout as delay } from 'node:timers/promises'
import { UsageError } from '../errors.js'
import type { Filesystem } from '../fs/filesystem.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { Answerer, type CallCounts } from './answer.js'
import { findHolders } from './holders.js'
import { KeptFolders } from './kept-folders.js'
import { fuseOptions, type FuseMountOptions } from './mount-options.js'
import { mountAt, unmount } from './mountinfo.js'
import { Closers } from './closers.js'
import { createOperations } from './operations.js'
import type { Holder } from './process-questions.js'
import type { Ownership } from './stat.js'

export interface MountRequest extends FuseMountOptions {
  /** Absolute, without a trailing slash. */
  readonly mountpoint: string
  readonly fs: Filesystem
  readonly owner: Ownership
  readonly opTimeout: Milliseconds
  readonly log: Logger
}

export interface MountedFuse {
  /** `stock`: not compiled here, slows down under load. */
  readonly binding: 'patched' | 'stock'
  /** Resolves when the mount is gone, whoever took it away. */
  readonly gone: Promise<void>
  counts(): CallCounts & { readonly answeredByBinding: number }
  /** What was told of some folder may be so no longer. */
  folderChanged(): void
  /** @returns who keeps it busy; undefined when it is unmounted */
  unmount(): Promise<readonly Holder[] | undefined>
  /** Takes it out of sight though it is busy; those who hold it get errors. */
  detach(): Promise<void>
}

/** JavaScript is not told when the kernel ends the mount. */
const watchEvery: Milliseconds = 1_000
const watchAtTheEnd: Milliseconds = 10

class As2Fuse extends Fuse {
  readonly #options: string

  constructor(request: MountRequest, answerer: Answerer, kept: KeptFolders | undefined, closers: Closers) {
    // Its own timer for each call costs three quarters of the speed of reading; `answer` has the deadline.
    super(request.mountpoint, createOperations(request.fs, answerer, request.owner, kept, closers), { timeout: false })
    this.#options = fuseOptions(request)
  }

  /** Its own version can't say big_writes, and drops every value of 0. */
  override _fuseOptions(): string {
    return this.#options
  }
}

/** @throws UsageError if the kernel or fusermount refuses */
export async function mountFuse(request: MountRequest): Promise<MountedFuse> {
  const answerer = new Answerer({ log: request.log, deadline: request.opTimeout })
  const kept = Fuse.keepsFolders === true ? new KeptFolders(() => fuse, request.owner) : undefined
  const closers = new Closers()
  const fuse: As2Fuse = new As2Fuse(request, answerer, kept, closers)
  await new Promise<void>((resolve, reject) => {
    fuse.open((error) => {
      if (error) reject(new UsageError(`Mounting on ${request.mountpoint} was refused (${error.message}).`))
      else resolve()
    })
  })
  const ending = new AbortController()
  const gone = watch(request.mountpoint, ending.signal).then(() => {
    answerer.close()
    kept?.close()
  })
  return {
    binding: Fuse.poolThreads === undefined ? 'stock' : 'patched',
    gone,
    counts: () => ({ ...answerer.counts, answeredByBinding: kept?.answered ?? 0 }),
    folderChanged: () => kept?.drop(),
    async unmount() {
      const reason = await unmount(request.mountpoint, { lazy: false })
      if (reason !== undefined && (await mountAt(request.mountpoint))) {
        request.log.debug({ reason }, 'unmount refused')
        return findHolders(request.mountpoint)
      }
      ending.abort()
      await gone
      return undefined
    },
    async detach() {
      await unmount(request.mountpoint, { lazy: true })
      ending.abort()
      await gone
    },
  }
}

/** @param ending is aborted when the end is near */
async function watch(mountpoint: string, ending: AbortSignal): Promise<void> {
  while (await mountAt(mountpoint)) {
    if (ending.aborted) await delay(watchAtTheEnd)
    else await delay(watchEvery, undefined, { signal: ending }).catch(() => undefined)
  }
}
