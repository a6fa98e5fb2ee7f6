/** A mount by the compiled binding. */
import type { Clock } from '../telemetry/clock.js'
import type { Answerer } from './answer.js'
import { believedFor } from './beliefs/believed-for.js'
import { GivenBlocks } from './given-blocks.js'
import { KernelCalls } from './kernel-calls.js'
import { KernelReplies } from './kernel-replies.js'
import type { Kernel, Session } from './kernel.js'
import { KeptFolders, type FoldersOfBinding } from './kept-folders.js'
import type { FuseMountOptions } from './mount-options.js'
import type { Operations } from './operations.js'
import { readahead } from './readahead.js'
import { numbersOf, type Ownership } from './stat.js'

export interface KernelMount {
  readonly kept: KeptFolders
  /** How many calls never came to JavaScript. */
  readonly answered: () => number
  /** Resolves when the kernel has no more calls. */
  readonly ended: Promise<void>
}

/** @throws Error with what the kernel or fusermount said */
export function mountByKernel(
  kernel: Kernel,
  mount: FuseMountOptions & { readonly mountpoint: string },
  how: {
    readonly operations: Operations
    readonly answerer: Answerer
    readonly owner: Ownership
    readonly clock: Clock
  },
): KernelMount {
  const kept = new KeptFolders(() => foldersOf(kernel, session), how.owner, how.clock)
  const replies = new KernelReplies({ kernel, owner: how.owner, session: () => session })
  const blocks = new GivenBlocks({
    giveBlock: (...block) => kernel.giveBlock(session, ...block),
    wantBlock: (...block) => kernel.wantBlock(session, ...block),
  })
  const calls = new KernelCalls({ ...how, replies, kept, blocks })
  let end: () => void = () => undefined
  const ended = new Promise<void>((resolve) => (end = resolve))
  const session: Session = kernel.mount(
    mount.mountpoint,
    mount.source,
    mount.readOnly ? 1 : 0,
    mount.allowOther ? 1 : 0,
    believedFor / 1000,
    readahead,
    replies.numbers,
    calls.run,
    calls.closed,
    blocks.givenBack,
    (unique) => how.answerer.abandon(unique),
    () => end(),
    how.operations.tellsXattrs ? 1 : 0,
  )
  return { kept, ended, answered: () => kernel.figures(session)?.[0] ?? 0 }
}

function foldersOf(kernel: Kernel, session: Session): FoldersOfBinding {
  return {
    keepFoldersAs: (...stats) => {
      const [file, folder, changing] = stats.map((it) => numbersOf(it)) as [Float64Array, Float64Array, Float64Array]
      kernel.keepFoldersAs(session, file, folder, changing)
    },
    keepFolder: (...args) => kernel.keepFolder(session, ...args),
    forgetKept: (path) => kernel.forgetKept(session, path),
    renewFolder: (path, time) => kernel.renewFolder(session, path, time),
    dropFolders: (onlyExpired) => kernel.dropFolders(session, onlyExpired),
    keptFigures: () => {
      const [, folders, bytes] = kernel.figures(session) ?? [0, 0, 0]
      return { folders, bytes }
    },
  }
}
