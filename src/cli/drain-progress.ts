/** What `as2fs umount` shows while the daemon uploads what waits: a bar on a terminal, lines elsewhere. */
import { setTimeout as delay } from 'node:timers/promises'
import type { SendRow } from '../send/sender.js'
import type { Bytes, Milliseconds } from '../units.js'
import { bytes, counted } from './format.js'
import type { Io } from './io.js'

/** What is quickly done needs no progress. */
const firstLook: Milliseconds = 1_000
const lookEvery: Milliseconds = 250
/** Between two lines where there is no terminal. */
const lineEvery: Milliseconds = 10_000

/** What is left to upload. */
export interface Left {
  readonly files: number
  readonly bytes: Bytes
}

export function leftOf(rows: readonly SendRow[]): Left {
  const waiting = rows.filter(
    ({ state, reason }) => state === 'queued' || state === 'uploading' || reason === 'packing',
  )
  return { files: waiting.length, bytes: waiting.reduce((sum, it) => sum + it.size - it.uploaded, 0) }
}

/**
 * Shows what is left until the work is over.
 * @param look asks for the queue; while it fails, nothing new is shown
 * @param pace for tests
 */
export async function showDrain<T>(
  work: Promise<T>,
  look: () => Promise<readonly SendRow[]>,
  io: Io,
  pace = { firstLook, lookEvery, lineEvery },
): Promise<T> {
  const over = new AbortController()
  const shown = watch(look, () => displayFor(io, pace.lineEvery), pace, over.signal)
  try {
    return await work
  } finally {
    over.abort()
    await shown
  }
}

export interface Display {
  show(left: Left): void
  end(): void
}

/** Few wait for long enough to see a bar: what draws it is loaded for them. */
async function displayFor(io: Io, lineEvery: Milliseconds): Promise<Display> {
  return io.isTerminal ? new (await import('./drain-bar.js')).DrainBar(io) : new Lines(io, lineEvery)
}

async function watch(
  look: () => Promise<readonly SendRow[]>,
  open: () => Promise<Display>,
  pace: { readonly firstLook: Milliseconds; readonly lookEvery: Milliseconds },
  signal: AbortSignal,
): Promise<void> {
  const pause = (time: Milliseconds): Promise<unknown> => delay(time, undefined, { signal }).catch(() => undefined)
  const isOver = (): boolean => signal.aborted
  await pause(pace.firstLook)
  if (isOver()) return
  const display = await open()
  while (!isOver()) {
    const left = await look().then(leftOf, () => undefined)
    if (left && left.files > 0 && !isOver()) display.show(left)
    await pause(pace.lookEvery)
  }
  display.end()
}

class Lines implements Display {
  readonly #io: Io
  readonly #every: Milliseconds
  #last = -Infinity

  constructor(io: Io, every: Milliseconds) {
    this.#io = io
    this.#every = every
  }

  show(left: Left): void {
    if (performance.now() - this.#last < this.#every) return
    this.#last = performance.now()
    this.#io.err(`Uploading: ${counted(left.files, 'file')}, ${bytes(left.bytes)} left.\n`)
  }

  end(): void {
    // The last line stands.
  }
}
