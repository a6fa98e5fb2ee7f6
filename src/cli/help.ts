/** `--help`, for a person at a terminal. Pure. */
import type { Command, CommandOption } from './command.js'
import { wrapped } from './format.js'

const widest = 100
const defaultWidth = 80
/** Where explanations begin. */
const column = 30

export function generalHelp(commands: readonly Command[], columns: number | undefined): string {
  const width = widthOf(columns)
  return blocks([
    'Usage: as2fs <command>',
    paragraph('Mounts the S3 bucket of an AS2 gateway: receive and send business documents as plain files.', width),
    titled(
      'Commands',
      commands.flatMap((it) => entry(it.name, it.summary, width)),
    ),
    titled('Options', [
      ...entry('-h, --help', 'this; what a command does: as2fs mount --help', width),
      ...entry('--version', 'print the version', width),
    ]),
  ])
}

export function commandHelp(command: Command, columns: number | undefined): string {
  const width = widthOf(columns)
  const groups = [...new Set(command.options.map((it) => it.group))]
  return blocks([
    `Usage: as2fs ${command.name} ${command.usage}`,
    ...command.description.map((it) => paragraph(it, width)),
    ...groups.map((group) =>
      titled(
        group,
        command.options.filter((it) => it.group === group).flatMap((it) => entry(label(it), explained(it), width)),
      ),
    ),
    titled(
      'Examples',
      command.examples.flatMap(([line, purpose]) => [`  # ${purpose}`, `  ${line}`]),
    ),
  ])
}

function label({ name, alias, placeholder }: CommandOption): string {
  const short = alias === undefined ? '' : `-${alias}, `
  return `${short}${name.length === 1 ? '-' : '--'}${name}${placeholder && ` ${placeholder}`}`
}

function explained({ kind, help, shown }: CommandOption): string {
  const notes = [...(kind === 'list' ? ['repeatable'] : []), ...(shown === '' ? [] : [`default ${shown}`])]
  return notes.length === 0 ? help : `${help} (${notes.join('; ')})`
}

/** A term, and its explanation in the right column. */
function entry(term: string, text: string, width: number): string[] {
  const [first = '', ...others] = wrapped(text, width - column)
  const lines = others.map((line) => ' '.repeat(column) + line)
  if (term.length + 4 > column) return [`  ${term}`, ' '.repeat(column) + first, ...lines]
  return [`  ${term}`.padEnd(column) + first, ...lines]
}

function paragraph(text: string, width: number): string {
  return wrapped(text, width).join('\n')
}

function titled(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`${title}:`, ...lines].join('\n')
}

function blocks(texts: readonly string[]): string {
  return `${texts.filter((it) => it !== '').join('\n\n')}\n`
}

function widthOf(columns: number | undefined): number {
  return Math.max(60, Math.min(columns ?? defaultWidth, widest))
}
