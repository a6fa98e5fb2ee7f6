/** What a doctor found, for a person: aligned, wrapped and coloured at a terminal, a line each elsewhere. Pure. */
import type { Group, Mark, Result } from '../doctor/check.js'
import { counted, printable, wrapped } from './format.js'
import type { Io } from './io.js'

const signs: Readonly<Record<Mark, string>> = { ok: '✔', warning: '!', failure: '✘', skipped: '-' }
/** Green, yellow, red, dim. @see ECMA-48, Select Graphic Rendition */
const colours: Readonly<Record<Mark, number>> = { ok: 32, warning: 33, failure: 31, skipped: 2 }
const titles: Readonly<Record<Group, string>> = {
  machine: 'This machine',
  state: 'State directory',
  network: 'Server',
  bucket: 'Bucket',
  mounts: 'Mounts',
}
/** Of a sentence; on a narrower terminal it is cut by that itself. */
const narrowest = 30

export interface DoctorLines {
  /** In the order of the groups. What was skipped for one reason is told in one line, with the next one. */
  line(result: Result): string
  verdict(works: boolean, text: string): string
}

/** @param names of all checks */
export function doctorLines(names: readonly string[], { columns, env }: Pick<Io, 'columns' | 'env'>): DoctorLines {
  const isColoured = columns !== undefined && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  const coloured = (mark: Mark, text: string): string => (isColoured ? `\x1b[${colours[mark]}m${text}\x1b[0m` : text)
  const width = Math.max(...names.map((it) => it.length))
  const indent = width + 6
  let last: Group | undefined
  let held: readonly Result[] = []
  const lineOf = ({ group, name, mark, text }: Result): string => {
    const title = group === last ? '' : `${last === undefined ? '' : '\n'}${titles[group]}\n`
    last = group
    const room = Math.max(narrowest, (columns ?? Infinity) - indent)
    const shown = wrapped(printable(text), room).join(`\n${' '.repeat(indent)}`)
    const told = mark === 'skipped' ? coloured(mark, shown) : shown
    return `${title}  ${coloured(mark, signs[mark])} ${name.padEnd(width)}  ${told}\n`
  }
  const release = (): string => {
    const [first, ...others] = held
    held = []
    if (!first) return ''
    const until = others.at(-1)
    return lineOf(until ? { ...first, name: `${first.name} … ${until.name}` } : first)
  }
  return {
    line(result) {
      const before = held[0]
      const isSame = before?.text === result.text && before.group === result.group
      const text = isSame ? '' : release()
      if (result.mark !== 'skipped') return text + lineOf(result)
      held = [...held, result]
      return text
    },
    verdict: (works, text) => `${release()}\n${coloured(works ? 'ok' : 'failure', printable(text))}\n`,
  }
}

/** @param isMount a bucket was named */
export function verdictOf(
  results: readonly Result[],
  isMount: boolean,
): { readonly works: boolean; readonly text: string } {
  const failed = [...new Set(results.filter(({ mark }) => mark === 'failure').map(({ name }) => name))]
  const warned = results.filter(({ mark }) => mark === 'warning').length
  if (failed.length > 0) return { works: false, text: `A mount would not work: ${failed.join(', ')}.` }
  const but = warned === 0 ? '' : `, with ${counted(warned, 'warning')}`
  if (!isMount)
    return { works: true, text: `This machine could mount${but}; name a bucket to have that looked at as well.` }
  const isLate = results.some(({ mark, text }) => mark === 'skipped' && text.startsWith('not looked at'))
  if (isLate) return { works: false, text: 'Whether a mount would work is not known: not all could be looked at.' }
  return { works: true, text: `A mount would work${but}.` }
}
