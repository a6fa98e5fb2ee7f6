/** The life of a sent file as a table for people, in Markdown: SEMANTICS.md has it, as scripts/life-table prints it. */
import type { EventType } from '../src/send/life/events.js'
import { obstacles, type ObstacleName } from '../src/send/life/refusal.js'
import { life, refusalIn, type StateOrNone, type State } from '../src/send/life/table.js'

const states: readonly State[] = ['open', 'held', 'queued', 'uploading', 'failed', 'submitted', 'gone']

export function lifeTable(): string {
  const rows = (Object.keys(life) as EventType[]).map((event) => row(event))
  return ['| event | when | leads | else |', '|---|---|---|---|', ...rows].join('\n')
}

function row(event: EventType): string {
  return `| ${event} | ${life[event].means} | ${leads(event)} | ${isAsked(event) ? refusals(event) : ''} |`
}

/** Whether somebody asks for it, who may be refused: the other events come when they may. */
function isAsked(event: EventType): boolean {
  return life[event].unless?.underWay !== undefined
}

/** States that lead to the same stand together. */
function leads(event: EventType): string {
  const found = new Map<string, string[]>()
  for (const [before, after] of Object.entries(life[event].leads)) {
    const to = after.length === 1 && after[0] === before ? '' : ` → ${after.join(', ')}`
    const from = before === 'none' ? '' : before
    found.set(to, [...(found.get(to) ?? []), from])
  }
  return Array.from(found, ([to, from]) => `${from.join(', ')}${to}`.trim()).join('; ')
}

function refusals(event: EventType): string {
  const found = new Map<string, string[]>()
  const add = (errno: string, what: string): void => void found.set(errno, [...(found.get(errno) ?? []), what])
  for (const state of states) if (!life[event].leads[state as StateOrNone]) add(refusalIn(event, state).errno, state)
  for (const [name, where] of Object.entries(life[event].unless ?? {})) {
    if (name === 'underWay') continue
    const isAll = where.length === Object.keys(life[event].leads).length
    add(
      obstacles[name as ObstacleName].errno,
      `${isAll ? '' : `${where.join(', ')} and `}${obstacles[name as ObstacleName].name}`,
    )
  }
  return Array.from(found, ([errno, what]) => `${errno}: ${what.join('; ')}`).join('. ')
}
