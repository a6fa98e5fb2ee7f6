/** `as2fs events`. */
import { UsageError } from '../../errors.js'
import type { AnyEvent, FollowLine } from '../../events/event.js'
import type { Milliseconds } from '../../units.js'
import { isGiven, type Typed } from '../command.js'
import { CursorFile } from '../cursor-file.js'
import { ask, mountNamed } from '../daemon-of.js'
import { eventLine } from '../event-line.js'
import type { Io } from '../io.js'
import { moment, ParseError } from '../parse.js'
import { typedPath } from '../typed-path.js'

/** Of who does not follow. */
const lately = '1d'

export async function run(typed: Typed, io: Io): Promise<number> {
  const [mountpoint = ''] = typed.positionals
  const isFollowing = isGiven(typed, 'follow')
  const since = sinceOf(typed.options.get('since')?.at(-1) ?? (isFollowing ? undefined : lately))
  const file = await CursorFile.open(typedPath(typed, 'cursor', io))
  const mount = await mountNamed(mountpoint, io)
  const printer = new Printer(file, isGiven(typed, 'json') ? jsonLine : eventLine, io)
  const over = new AbortController()
  let leaving: NodeJS.Timeout | undefined
  const stop = (): void => {
    if (printer.isNoted) over.abort()
    else leaving ??= setTimeout(() => over.abort(), toBeNoted)
  }
  for (const signal of signals) process.on(signal, stop)
  try {
    await ask(mount, async (client) => {
      const beginning = file.cursor.beginning(since, isFollowing)
      for await (const lines of client.events(beginning, over.signal)) {
        await printer.print(lines)
        if (leaving && printer.isNoted) over.abort()
      }
    })
  } finally {
    clearTimeout(leaving)
    await file.save()
    for (const signal of signals) process.off(signal, stop)
  }
  if (isFollowing && !over.signal.aborted) throw new UsageError(`${mount.mountpoint} is not mounted any more.`)
  if (!isFollowing && printer.missing !== undefined) io.err(`as2fs: ${printer.missing}\n`)
  return 0
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** So long who is to end waits for the line that says how far it was told: without it, what it printed last would be printed again. */
const toBeNoted: Milliseconds = 1_000

/** Prints what was not printed before, and only then notes it. */
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

  async print(lines: readonly FollowLine[]): Promise<void> {
    const { cursor } = this.#file
    let text = ''
    const flush = (): void => {
      if (text !== '') this.#io.out(text)
      text = ''
    }
    for (const line of lines) {
      if ('event' in line) {
        if (cursor.note(line.event)) text += this.#shown(line.event)
        this.isNoted = false
        continue
      }
      flush()
      cursor.advance(line.progress)
      this.isNoted = true
      this.missing = line.progress.missing
    }
    flush()
    await this.#file.saveInTime()
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
