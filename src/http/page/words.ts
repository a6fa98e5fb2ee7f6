/** Values and states as people read them. Pure. */
import type { DeliveryCounts, Named, SendCounts, ToldFile, ToldMessage } from './told.js'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** How bad something is: what nobody looks at is not sent, what somebody should know, what goes on by itself, what is well. */
export type Level = 'bad' | 'warn' | 'busy' | 'good'

/** `12 s`, `3 min`, `4 h`, `2 d`. */
export function span(length: number): string {
  const time = Math.max(0, length)
  if (time < minute) return `${Math.floor(time / second)} s`
  if (time < hour) return `${Math.floor(time / minute)} min`
  if (time < 2 * day) return `${Math.floor(time / hour)} h`
  return `${Math.floor(time / day)} d`
}

/** How long ago; what is older than a day has its date. */
export function ago(at: number, now: number): string {
  const age = now - at
  if (age < 10 * second) return 'now'
  return age < day ? `${span(age)} ago` : shortDate(at)
}

/** In the reader's time zone, and as his country writes it. */
export function fullDate(at: number): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' }).format(at)
}

function shortDate(at: number): string {
  return new Intl.DateTimeFormat(undefined, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(at)
}

export function clockTime(at: number, now: number): string {
  if (now - at >= day) return shortDate(at)
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at)
}

export function bytes(size: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = size < 1 ? 0 : Math.min(Math.floor(Math.log2(size) / 10), units.length - 1)
  return `${power === 0 ? String(size) : (size / 1_024 ** power).toFixed(1)} ${units[power] ?? 'B'}`
}

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? noun : plural}`
}

/** Names come from strangers: nothing of them may turn the line around, or be taken for nothing. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '\uFFFD')
}

/** Who sends to whom. */
export function outwards({ station, partner }: Named): string {
  return `${printable(station)} → ${printable(partner)}`
}

export function inwards({ station, partner }: Named): string {
  return `${printable(partner)} → ${printable(station)}`
}

const heldFor: Readonly<Record<string, string>> = {
  name: 'Its name looks unfinished. It is sent once it is renamed.',
  empty: 'It is empty. It is sent once something is in it.',
  commit: 'It is sent once it gets its final name.',
  lock: 'A lock file stands beside it. It is sent once that is gone.',
  untriggered: 'It is sent once its trigger is made beside it.',
  trigger: 'It is a trigger, which is never sent.',
  crash: 'It was open when the machine or the daemon stopped. Look whether it is whole, then release it.',
  killed: 'The program that wrote it was killed. Look whether it is whole, then release it.',
  bundle: 'It is in a folder, which is sent once it is renamed to .zip.',
  packing: 'It is being packed.',
}

/** Those that wait for somebody, and not for something that will come. */
const forgettable = new Set(['name', 'empty', 'commit', 'untriggered', 'crash', 'killed', 'bundle'])

export function waitsForSomebody({ state, reason }: ToldFile): boolean {
  return state === 'held' && forgettable.has(reason ?? '')
}

/** Since when it waits. */
export function waitingSince({ submittedAt, closedAt, mtime }: ToldFile): number {
  return submittedAt ?? closedAt ?? mtime
}

export const fileLevels: Readonly<Record<keyof SendCounts, Level>> = {
  ...{ failed: 'bad', held: 'warn', uploading: 'busy', queued: 'busy', submitted: 'busy', open: 'busy' },
}

/** Why a file is not with the partner yet. One or two sentences. */
export function whyItWaits(file: ToldFile, now: number): string {
  const { state, reason = '', error, waitsFor, nextTryAt } = file
  switch (state) {
    case 'held':
      return [heldFor[reason] ?? 'It is held.', ...(error === undefined ? [] : [printable(error)])].join(' ')
    case 'failed':
      return printable(error ?? 'It could not be sent.')
    case 'open':
      return 'A program is writing it.'
    case 'submitted':
      return error === undefined ? 'It is in the bucket. The gateway has yet to take it.' : printable(error)
    case 'uploading':
      return error === undefined ? 'On its way.' : printable(error)
    case 'queued': {
      const next = nextTryAt === undefined || nextTryAt - now < second ? 'soon' : `in ${span(nextTryAt - now)}`
      const turn = waitsFor === undefined ? `Next try ${next}.` : `It waits for ${printable(waitsFor)}.`
      return error === undefined ? turn : `${printable(error)} ${turn}`
    }
  }
}

export const messageLevels: Readonly<Record<keyof DeliveryCounts, Level>> = {
  ...{ refused: 'bad', overdue: 'warn', pending: 'busy', warned: 'warn', delivered: 'good' },
}

/** What a receipt says in its own words: of `…; processed/error: authentication-failed` that last. */
export function partnersWords(disposition: string): string {
  const said = disposition.replace(/^[^;]*;\s*/, '')
  return printable(/^[^:]*:\s*(\S.*)$/.exec(said)?.[1] ?? said)
}

/** What became of a message, and what there is to add. */
export function answerTo({ state, disposition, sentAt, mdnAt }: ToldMessage, now: number): string {
  switch (state) {
    case 'overdue':
      return `No receipt for ${span(now - sentAt)}.`
    case 'pending':
      return disposition === undefined ? 'No receipt yet.' : 'A receipt that does not say.'
    case 'delivered':
      return mdnAt === undefined ? 'Received.' : `Received, said after ${span(mdnAt - sentAt)}.`
    case 'warned':
      return 'Received, with a warning:'
    case 'refused':
      return 'The partner says:'
  }
}
