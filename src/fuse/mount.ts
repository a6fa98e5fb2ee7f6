/** A mount: begun, watched, ended. */
import { UsageError } from '../errors.js'
import type { Filesystem } from '../fs/filesystem.js'
import type { Logger } from '../telemetry/log.js'
import type { OutcomeMeter } from '../telemetry/outcome-meter.js'
import type { Milliseconds } from '../units.js'
import { systemClock } from '../telemetry/clock.js'
import { Answerer, type CallCounts } from './answer.js'
import { KernelBeliefs } from './beliefs/kernel-beliefs.js'
import { whyNotCompiled } from '../binding/load.js'
import { kernel } from './kernel.js'
import { mountByKernel, type KernelMount } from './kernel-mount.js'
import type { FuseMountOptions } from './mount-options.js'
import { findMountUsers } from './mount-users.js'
import { unmount } from './unmount.js'
import { OwnMount } from './own-mount.js'
import { Operations, type Xattrs } from './operations.js'
import { HandleProcesses } from './callers/handle-processes.js'
import type { MountUser } from './callers/process-questions.js'
import { widenReadahead } from './readahead.js'
import type { Ownership } from './stat.js'
import { takeAwayDead, watchMount } from './watch-mount.js'

export interface MountRequest extends FuseMountOptions {
  /** Absolute, without a trailing slash. */
  readonly mountpoint: string
  readonly fs: Filesystem
  readonly owner: Ownership
  readonly opTimeout: Milliseconds
  /** By the compiled binding alone; undefined: there are none. */
  readonly xattrs?: Xattrs | undefined
  readonly log: Logger
}

export interface MountedFuse {
  /** `stock`: not compiled here, slows down under load. */
  readonly binding: 'compiled' | 'stock'
  /** Why it is the stock one. */
  readonly whyStock: string | undefined
  /** Resolves when the mount is gone, whoever took it away. */
  readonly gone: Promise<void>
  /** Resolves when the kernel has no more calls, if that is ever told. */
  readonly over: Promise<void>
  counts(): CallCounts & { readonly answeredByBinding: number }
  /** Of the calls that have ended. */
  readonly meter: OutcomeMeter
  /** What was told of some folder may be so no longer. */
  folderChanged(): void
  /** What receipts say is another than before. */
  receiptsChanged(): void
  /** @returns who keeps it busy; undefined when it is unmounted */
  unmount(): Promise<readonly MountUser[] | undefined>
  /** Takes it out of sight though it is busy; those who hold it get errors. */
  detach(): Promise<void>
}

const never = new Promise<void>(() => undefined)

/** @throws UsageError if the kernel or fusermount refuses */
export async function mountFuse(request: MountRequest): Promise<MountedFuse> {
  const { mountpoint, log } = request
  const clock = systemClock
  const answerer = new Answerer({ log, clock, deadline: request.opTimeout })
  const operations = new Operations(new KernelBeliefs(request.fs, clock), new HandleProcesses(), request.xattrs)
  const how = { operations, answerer, clock, owner: request.owner }
  const mounted = await begin(request, how).catch(async (error: unknown) => {
    answerer.close()
    // The kernel may have mounted what could not begin.
    await takeAwayDead(mountpoint, log)
    throw new UsageError(`Mounting on ${mountpoint} was refused (${error instanceof Error ? error.message : 'error'}).`)
  })
  const { kept, ended: over = never } = mounted
  const ending = new AbortController()
  const own = await OwnMount.at(mountpoint)
  if (own.device !== undefined) await widenReadahead(own.device, log)
  const placeNow = async (): Promise<string> => (await own.place()) ?? mountpoint
  void over.then(async () => {
    ending.abort()
    await takeAwayDead(await placeNow().catch(() => mountpoint), log)
  })
  const gone = watchMount(mountpoint, ending.signal, log, () => own.place()).then(() => {
    answerer.close()
    kept?.close()
  })
  return {
    binding: kept ? 'compiled' : 'stock',
    whyStock: kept ? undefined : whyNotCompiled,
    gone,
    over,
    meter: answerer.meter,
    counts: () => ({ ...answerer.counts, answeredByBinding: mounted.answered?.() ?? 0 }),
    folderChanged: () => kept?.drop(),
    receiptsChanged: () => kept?.receiptsChanged(),
    async unmount() {
      const place = await placeNow()
      const reason = await unmount(place, { lazy: false })
      if (reason !== undefined && (await own.place()) !== undefined) {
        log.debug({ reason }, 'unmount refused')
        return findMountUsers(place)
      }
      ending.abort()
      await gone
      return undefined
    },
    async detach() {
      await unmount(await placeNow(), { lazy: true })
      ending.abort()
      await gone
    },
  }
}

async function begin(request: MountRequest, how: Parameters<typeof mountByKernel>[2]): Promise<Partial<KernelMount>> {
  if (kernel) return mountByKernel(kernel, request, how)
  // Here and not at the top: it needs a library of the system's.
  const { mountByStock } = await import('./stock-mount.js')
  await mountByStock(request, how)
  return {}
}
