/** Whether a state directory is still this process's own: once another may have it, nothing is sent or written down any more. */

export interface Ownership {
  /** Aborted once it is lost, for good; its reason is an FsError that says so. */
  readonly lost: AbortSignal
  /**
   * Looks, unless somebody has a moment ago.
   * @throws FsError EIO if it is lost, the system's own error if that can't be told now
   */
  check(): Promise<void>
}

/** Of a directory that nobody else knows. */
export const undisputed: Ownership = { lost: new AbortController().signal, check: () => Promise.resolve() }
