/** How it is, in a sentence, and what there is to look at, the worst first. Pure. */
import type { Reason, ToldDeliveries, ToldFile, ToldMessage, ToldQueue, ToldStatus } from './told.js'
import {
  ago,
  clockTime,
  counted,
  partnersWords,
  printable,
  span,
  waitingSince,
  waitsForSomebody,
  type Level,
} from './words.js'

/** What is known; undefined: nothing yet. */
export interface Known {
  readonly status: ToldStatus | undefined
  readonly queue: ToldQueue | undefined
  readonly deliveries: ToldDeliveries | undefined
  /** Those that were refused or are overdue, the latest first. */
  readonly worst: readonly ToldMessage[]
  /** Of what is counted: `the last 7 days`. */
  readonly period: string
  /** When the daemon was last heard of, if that is too long ago. */
  readonly lostSince: number | undefined
  /** Why the daemon does not tell how it is: one sentence. */
  readonly refusal: string | undefined
}

interface Line {
  readonly level: Level
  readonly text: string
  /** The section that has more of it. */
  readonly section?: 'waiting' | 'sent'
}

export interface Headline {
  readonly level: Level
  readonly text: string
  /** More than the headline says. */
  readonly lines: readonly Line[]
}

/** A file that is being written is held for moments. */
const forgottenAfter = 15 * 60_000

export function headline(known: Known, now: number): Headline {
  const { status, lostSince } = known
  if (lostSince !== undefined) return lost(known, lostSince, now)
  if (known.refusal !== undefined) return refused(known, known.refusal)
  if (!status) return { level: 'busy', text: 'Asking how it is…', lines: [] }
  if (status.state === 'stopping') return stopping(known)
  const found = [...ofMount(status, known, now), ...ofFiles(known, now), ...ofMessages(known, now)]
  const lines = [...found].sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))
  const [first, ...others] = lines
  if (!first) return { level: 'good', text: 'All is well.', lines: quiet(known) }
  return {
    level: first.level,
    text: first.text,
    lines: [...detailOf(first), ...others.flatMap((it) => [it, ...detailOf(it)])],
  }
}

interface Found extends Line {
  readonly detail?: string
}

const levels: readonly Level[] = ['bad', 'warn', 'busy', 'good']

function detailOf({ level, detail }: Found): Line[] {
  return detail === undefined ? [] : [{ level, text: detail }]
}

function lost({ status }: Known, since: number, now: number): Headline {
  const text = `Not connected since ${clockTime(since, now)} (${span(now - since)}).`
  const why =
    status?.state === 'stopping'
      ? 'It was being unmounted then.'
      : 'Nobody knows here how the mount is: it may have ended, or this computer may have lost its way to it.'
  return { level: 'bad', text, lines: [{ level: 'bad', text: why }, ...wasSo(status)] }
}

function refused({ status }: Known, why: string): Headline {
  return {
    level: 'bad',
    text: 'It can’t be asked how it is.',
    lines: [{ level: 'bad', text: printable(why) }, ...wasSo(status)],
  }
}

function wasSo(status: ToldStatus | undefined): Line[] {
  return status ? [{ level: 'warn', text: 'What is below was so then.' }] : []
}

function stopping({ queue }: Known): Headline {
  const left = queue ? queue.counts.queued + queue.counts.uploading : 0
  const text = 'It is being unmounted.'
  return {
    level: 'warn',
    text,
    lines: left === 0 ? [] : [{ level: 'warn', text: `${counted(left, 'file')} still to go.` }],
  }
}

/** Of what is wrong with the mount itself. */
function ofMount({ reasons }: ToldStatus, known: Known, now: number): Found[] {
  // The files are counted by themselves.
  return reasons.filter((it) => it.reason !== 'failed').map((it) => ofReason(it, known, now))
}

function ofReason({ reason, sentence, since }: Reason, { queue }: Known, now: number): Found {
  const title = titles[reason]
  const said = printable(sentence)
  if (title === undefined) return { level: 'warn', text: said }
  const when = since === undefined ? '' : ` since ${clockTime(since, now)} (${span(now - since)})`
  const waiting = queue ? queue.counts.queued + queue.counts.uploading : 0
  const comfort =
    waiting === 0
      ? 'What is sent meanwhile waits here.'
      : `${counted(waiting, 'file waits', 'files wait')} here, and ${waiting === 1 ? 'is' : 'are'} sent when it is over.`
  return { level: 'bad', text: `${title}${when}.`, detail: `${said} ${comfort}` }
}

const titles: Readonly<Record<string, string>> = {
  bucket: 'The bucket can’t be reached',
  credentials: 'The keys to the bucket are refused',
}

function ofFiles({ queue }: Known, now: number): Found[] {
  if (!queue) return []
  const { failed } = queue.counts
  const couldNot = `${counted(failed, 'file')} could not be sent.`
  const held = queue.rows.filter((it) => waitsForSomebody(it) && now - waitingSince(it) > forgottenAfter)
  return [
    ...(failed > 0 ? [{ level: 'bad', text: couldNot, section: 'waiting' } as const] : []),
    ...(held.length > 0 ? [{ level: 'warn', text: heldFor(held, now), section: 'waiting' } as const] : []),
  ]
}

function heldFor(files: readonly ToldFile[], now: number): string {
  const oldest = Math.min(...files.map(waitingSince))
  const many = files.length === 1 ? 'for' : 'the oldest for'
  return `${counted(files.length, 'file is', 'files are')} held, ${many} ${span(now - oldest)}: somebody has to finish ${files.length === 1 ? 'it' : 'them'}.`
}

function ofMessages({ deliveries, worst, period }: Known, now: number): Found[] {
  if (!deliveries) return []
  const { refused, overdue } = deliveries.counts
  const no = `${counted(refused, 'message was', 'messages were')} refused in ${period}.`
  const late = `${counted(overdue, 'message has', 'messages have')} had no receipt for too long.`
  return [
    ...(refused > 0 ? [{ level: 'bad', text: no, ...latest(worst, 'refused', now) } as const] : []),
    ...(overdue > 0 ? [{ level: 'warn', text: late, ...latest(worst, 'overdue', now) } as const] : []),
    ...deliveries.missing.map((it) => ({ level: 'warn', text: printable(it), section: 'sent' }) as const),
  ]
}

/** Which one it is, or the latest of them. */
function latest(worst: readonly ToldMessage[], state: ToldMessage['state'], now: number) {
  const message = worst.find((it) => it.state === state)
  if (!message) return { section: 'sent' } as const
  const { names, partner, sentAt, disposition } = message
  const said = state === 'refused' && disposition !== undefined ? `: “${partnersWords(disposition)}”` : '.'
  const detail = `${printable(names[0] ?? '')} to ${printable(partner)}, sent ${ago(sentAt, now)}${said}`
  return { section: 'sent', detail } as const
}

/** What there is to say on a good day. */
function quiet({ queue, deliveries, period }: Known): Line[] {
  if (!queue || !deliveries) return []
  const { held, queued, uploading, submitted, open } = queue.counts
  const waiting = held + queued + uploading + submitted + open
  const { delivered, warned, pending } = deliveries.counts
  const waits = waiting === 0 ? 'Nothing waits' : counted(waiting, 'file is on its way', 'files are on their way')
  const went = `${counted(delivered + warned, 'message was', 'messages were')} delivered in ${period}`
  const more = pending === 0 ? '' : `, and ${counted(pending, 'has', 'have')} no receipt yet`
  return [{ level: 'good', text: `${waits}. ${went}${more}.` }]
}
