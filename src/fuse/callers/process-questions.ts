/** What is asked of /proc. It is answered in threads of their own: any file of it may keep its reader waiting, for ever. */

/** A process that opens or writes a file. */
export interface Caller {
  /** Of which the calling thread is one; undefined if it has ended. */
  readonly process: number | undefined
  /** Minor page faults of children that it has waited for. */
  readonly faults: number | undefined
}

/** How a process goes on that closes a file. */
export interface Ending {
  /** @see Caller */
  readonly process: number | undefined
  /** The name of the signal that is ending it; undefined if it closes the file itself, or ends by itself. */
  readonly signal: string | undefined
  /** It is ending, or has ended, by itself. */
  readonly hasEnded?: true
}

/** A process and what its faults of children were when it was first seen with the file; undefined: not known. */
export type Seen = readonly [pid: number, faults: number | undefined]

export interface Closing extends Ending {
  /** Whether it is certain that no process that was seen with the file, and none of their children, has it open, or mapped. */
  readonly isLast: boolean
  /** Children of those that were seen. */
  readonly found: readonly number[]
}

/** Who uses a mount. */
export interface MountUser {
  readonly pid: number
  readonly command: string
  /** What it holds, e.g. its working directory. */
  readonly path: string
}

interface Asked {
  readonly caller: { readonly pid: number }
  readonly ending: { readonly pid: number }
  /** @see Closing. By the last part of the file's name, as other mount namespaces have other paths. */
  readonly closing: {
    readonly pid: number
    readonly name: string
    readonly mayBeMapped: boolean
    readonly seen: readonly Seen[]
  }
  /** Processes with something open below a path, but for some. */
  readonly users: { readonly mountpoint: string; readonly except: readonly number[] }
}

export interface Answers {
  readonly caller: Caller
  readonly ending: Ending
  readonly closing: Closing
  readonly users: readonly MountUser[]
}

export type Kind = keyof Answers
export type Question = { readonly [K in Kind]: { readonly kind: K } & Asked[K] }[Kind]
export type Answer = Answers[Kind]
