/** A mount by the compiled binding. */
import type { Clock } from '../telemetry/clock.js'
import type { Answerer } from './answer.js'
import { believedFor } from './beliefs/believed-for.js'
import { KernelCalls } from './kernel-calls.js'
import { KernelReplies } from './kernel-replies.js'
import type { Kernel, Session } from './kernel.js'
import { KeptFolders, type FoldersOfBinding } from './kept-folders.js'
import type { FuseMountOptions } from './mount-options.js'
import type { Operations } from './operations.js'
import { numbersOf, type Ownership } from './stat.js'

const readahead = 1024 * 1024

export interface KernelMount {
  readonly kept: KeptFolders
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
  const calls = new KernelCalls({ ...how, replies, kept })
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
    (unique) => how.answerer.abandon(unique),
    () => end(),
  )
  return { kept, ended }
}

function foldersOf(kernel: Kernel, session: Session): FoldersOfBinding {
  return {
    keepFoldersAs: (file, folder) => kernel.keepFoldersAs(session, numbersOf(file), numbersOf(folder)),
    keepFolder: (...args) => kernel.keepFolder(session, ...args),
    dropFolders: (onlyExpired) => kernel.dropFolders(session, onlyExpired),
    keptFigures: () => {
      const [answered, folders, bytes] = kernel.figures(session) ?? [0, 0, 0]
      return { answered, folders, bytes }
    },
  }
}
