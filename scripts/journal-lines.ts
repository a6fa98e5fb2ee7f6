/** Lines of a journal as people read them: when, which file, what happened, and what is another about it since. Pure. */
import { printable } from '../src/cli/format.js'
import { parseJournal } from '../src/journal/lines.js'

type Fields = Readonly<Record<string, unknown>>

/** As loosely as can be: journals of all versions are read. */
interface Entry extends Fields {
  readonly at?: number
  readonly by?: string
  readonly events?: readonly string[]
  readonly messages?: readonly Fields[]
  readonly told?: readonly (Fields | null)[]
  /** Base64, by id. */
  readonly contents?: Readonly<Record<string, string>>
}

/** Said at the beginning of each line. */
const named = new Set(['id', 'station', 'partner', 'path', 'state'])

export class JournalLines {
  /** Lines that could not be read; a torn one at the end is none of them. */
  damaged = 0
  readonly #last = new Map<string, Fields>()

  /** @param text of the whole journal */
  of(text: string): string[] {
    const lines = text.replace(/\0+$/, '').split('\n')
    const torn = lines.pop() ?? ''
    const shown = lines.flatMap((line, i) => this.#line(line, i + 1))
    return torn === '' ? shown : [...shown, `line ${lines.length + 1} is torn: it was never acknowledged`]
  }

  #line(line: string, number: number): string[] {
    const [entry] = parseJournal<Entry>(`${line}\n`).entries
    if (entry) return this.#entry(entry).map(printable)
    this.damaged += 1
    return [`line ${number} is damaged: ${printable(line.slice(0, 120))}`]
  }

  #entry({ at, by, messages = [], events = [], told = [], contents = {}, ...others }: Entry): string[] {
    const time = at === undefined ? '-' : new Date(at).toISOString()
    const changes = messages.map((message, i) => {
      const happened = [...(events[i] === undefined ? [] : [events[i]]), ...(by === undefined ? [] : [`by ${by}`])]
      return this.#change(message, happened.join(' '), told[i] ?? undefined)
    })
    const more = Object.entries(others).map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    const kept = Object.entries(contents).map(
      ([id, it]) => `${id.slice(0, 8)}  ${Buffer.byteLength(it, 'base64')} bytes`,
    )
    return [...changes, ...kept, ...more].map((it) => `${time}  ${it}`)
  }

  /** @param told what the audit trail says of it */
  #change(message: Fields, happened: string, told: Fields | undefined): string {
    const id = String(message.id)
    const before = this.#last.get(id) ?? {}
    this.#last.set(id, message)
    const name = [message.station, message.partner, message.path].join('/')
    const was = typeof before.state === 'string' ? before.state : 'new'
    const from = was === message.state ? '' : `${was} → `
    const { event, ...rest } = told ?? {}
    const trail = told ? [[`told as ${String(event)}`, ...pairs(rest)].join(' ')] : []
    const why = [...(happened === '' ? [] : [happened]), ...trail].join(', ')
    const state = `${from}${String(message.state)}${why === '' ? '' : ` (${why})`}`
    return [id.slice(0, 8), name, state, ...changed(before, message)].join('  ')
  }
}

function changed(before: Fields, after: Fields): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((it) => !named.has(it))
  const others = keys.filter((it) => JSON.stringify(before[it]) !== JSON.stringify(after[it]))
  return others.map((it) => (it in after ? `${it}=${shown(it, after[it])}` : `-${it}`))
}

function pairs(fields: Fields): string[] {
  return Object.entries(fields).map(([key, value]) => `${key}=${shown(key, value)}`)
}

/** Times of day as such. */
function shown(key: string, value: unknown): string {
  const isTime = typeof value === 'number' && /(At|mtime)$/.test(key)
  return isTime ? new Date(value).toISOString() : JSON.stringify(value)
}
