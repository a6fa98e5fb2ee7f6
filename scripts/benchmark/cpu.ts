/** The CPU time of a process with all its threads and children, by what Linux tells of it in /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Milliseconds } from '../../src/units.js'

/** USER_HZ, in which /proc counts, is 100 on all architectures that Node runs on. */
const tick: Milliseconds = 10

export interface CpuReading {
  /** To the nanosecond, but without the threads that have ended. @see /proc/PID/task/TID/schedstat */
  readonly ofThreads: Milliseconds
  /** All of it, in whole ticks. @see proc(5), utime, stime, cutime, cstime */
  readonly inTicks: Milliseconds
}

/** Of a process that is not started yet. */
export const nothing: CpuReading = { ofThreads: 0, inTicks: 0 }

/** @returns zero for a process that has ended */
export function cpuOf(pid: number): CpuReading {
  const readings = [pid, ...descendants(pid)].map(readingOf)
  return {
    ofThreads: readings.reduce((sum, it) => sum + it.ofThreads, 0),
    inTicks: readings.reduce((sum, it) => sum + it.inTicks, 0),
  }
}

/** What was spent between two readings: to the nanosecond, unless threads or children ended meanwhile. */
export function spent(before: CpuReading, after: CpuReading): Milliseconds {
  const ofThreads = after.ofThreads - before.ofThreads
  const inTicks = after.inTicks - before.inTicks
  return Math.max(0, ofThreads >= inTicks - tick ? ofThreads : inTicks)
}

function readingOf(pid: number): CpuReading {
  // The name of a program may hold spaces and brackets: it ends at the last one.
  const fields = textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  const inTicks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0) * tick, 0)
  const threads = threadsOf(pid).map((tid) => Number(textOf(`/proc/${pid}/task/${tid}/schedstat`).split(' ')[0] ?? 0))
  return { inTicks, ofThreads: threads.reduce((sum, it) => sum + it, 0) / 1e6 }
}

function descendants(pid: number): number[] {
  const children = threadsOf(pid).flatMap((tid) =>
    textOf(`/proc/${pid}/task/${tid}/children`).split(' ').filter(Boolean).map(Number),
  )
  return children.flatMap((child) => [child, ...descendants(child)])
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Whatever has ended has nothing to say. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
