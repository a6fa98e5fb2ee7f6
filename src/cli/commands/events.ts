/** `as2fs events`. */
import { once } from 'node:events'
import { UsageError } from '../../errors.js'
import type { AnyEvent, FollowLine } from '../../events/event.js'
import type { Milliseconds } from '../../units.js'
import { isGiven, type Typed } from '../command.js'
import { CursorFile } from '../cursor-file.js'
import { ask, mountNamed } from '../daemon-of.js'
import { eventLine } from '../event-line.js'
import type { Io } from '../io.js'
import { OutputError } from '../output.js'
import { refuseInMount } from '../own-places.js'
import { moment, ParseError } from '../parse.js'
import { typedPath } from '../typed-path.js'

/** Of who does not follow. */
const lately = '1d'

export async function run(typed: Typed, io: Io): Promise<number> {
  const [mountpoint = ''] = typed.positionals
  const isFollowing = isGiven(typed, 'follow')
  const since = sinceOf(typed.options.get('since')?.at(-1) ?? (isFollowing ? undefined : lately))
  const path = typedPath(typed, 'cursor', io)
  await refuseInMount('--cursor', path)
  const file = await CursorFile.open(path)
  const mount = await mountNamed(mountpoint, io)
  const printer = new Printer(file, isGiven(typed, 'json') ? jsonLine : eventLine, io)
  const over = new AbortController()
  let leaving: NodeJS.Timeout | undefined
  let isLost = false
  const stop = (): void => {
    if (printer.isNoted) over.abort()
    else leaving ??= setTimeout(() => over.abort(), toBeNoted)
  }
  for (const signal of signals) process.on(signal, stop)
  try {
    await ask(mount, async (client) => {
      const beginning = { ...file.cursor.beginning(since, isFollowing), isKept: path !== undefined }
      for await (const lines of client.events(beginning, over.signal)) {
        await printer.print(lines, over.signal)
        if (leaving && printer.isNoted) over.abort()
      }
    })
  } catch (error) {
    isLost = error instanceof OutputError
    throw error
  } finally {
    clearTimeout(leaving)
    // It may be on the same full disk: that is told once.
    await file.save().catch((error: unknown) => {
      if (!isLost) throw error
    })
    for (const signal of signals) process.off(signal, stop)
  }
  if (isFollowing && !over.signal.aborted) throw new UsageError(`${mount.mountpoint} is not mounted any more.`)
  if (!isFollowing && printer.missing !== undefined) io.err(`as2fs: ${printer.missing}\n`)
  return 0
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** So long who is to end waits for the line that says how far it was told: without it, what it printed last would be printed again. */
const toBeNoted: Milliseconds = 1_000

/** Prints what was not printed before, and notes what was written whole. */
class Printer {
  readonly #file: CursorFile
  readonly #shown: (event: AnyEvent) => string
  readonly #io: Io
  /** One sentence, while not all is known. */
  missing: string | undefined
  /** The cursor knows of all that was printed. */
  isNoted = true

  constructor(file: CursorFile, shown: (event: AnyEvent) => string, io: Io) {
    this.#file = file
    this.#shown = shown
    this.#io = io
  }

  /**
   * @param signal ends the wait for a reader: what he did not take by then is not noted
   * @throws OutputError
   */
  async print(lines: readonly FollowLine[], signal: AbortSignal): Promise<void> {
    const { cursor } = this.#file
    let events: AnyEvent[] = []
    for (const line of lines) {
      if ('event' in line) {
        if (cursor.note(line.event)) events.push(line.event)
        this.isNoted = false
        continue
      }
      if ('known' in line) {
        cursor.note(line.known)
        this.isNoted = false
        continue
      }
      if (!(await this.#written(events, signal))) return
      events = []
      cursor.advance(line.progress)
      this.isNoted = true
      this.missing = line.progress.missing
    }
    if (await this.#written(events, signal)) await this.#file.saveInTime()
  }

  /** @returns whether they are. @throws OutputError */
  async #written(events: readonly AnyEvent[], signal: AbortSignal): Promise<boolean> {
    if (events.length === 0) return true
    let isWritten = false
    try {
      if (signal.aborted) return false
      this.#io.out(events.map((it) => this.#shown(it)).join(''))
      isWritten = await unlessAborted(this.#io.written(), signal)
      return isWritten
    } finally {
      if (!isWritten) for (const it of events) this.#file.cursor.forget(it)
    }
  }
}

/** @returns whether it came to its end before the signal */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController()
  const aborted = once(signal, 'abort', { signal: over.signal }).then(
    () => false,
    () => false,
  )
  try {
    return await Promise.race([work.then(() => true), aborted])
  } finally {
    over.abort()
  }
}

function jsonLine(event: AnyEvent): string {
  return `${JSON.stringify(event)}\n`
}

function sinceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  try {
    return moment(text, Date.now())
  } catch (error) {
    if (error instanceof ParseError) throw new UsageError(`--since: ${error.message}`)
    throw error
  }
}
