/** How many of the next files are fetched ahead of a program that goes through them. Pure policy; `walks.ts` runs it. */

/** One step of a program from file to file. */
export interface Step {
  /** Files between the last and this one that it has not read: 0 is the very next. */
  readonly skipped: number
  /** Files that it has passed by and not come back to, this step's included. */
  readonly passed: number
}

export interface WalkLimits {
  readonly first: number
  readonly max: number
  /** More files passed by than this, and it does not go by the listing after all. */
  readonly passed: number
}

/** Doubles with each step to the very next file; a few out of order leave it (programs read in parallel); many close it. */
export function nextCount(last: number, { skipped, passed }: Step, limits: WalkLimits): number {
  if (passed > limits.passed) return 0
  if (skipped > 0) return last
  return Math.min(limits.max, Math.max(limits.first, last * 2))
}
