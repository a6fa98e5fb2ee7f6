/** What is told, as rows of the three tables. Pure. */
import type { Cell, Part, Row } from './rows.js'
import type { ToldArrival, ToldFile, ToldMessage } from './told.js'
import * as words from './words.js'

const signs: Readonly<Record<words.Level, string>> = { bad: '✕', warn: '!', busy: '…', good: '✓' }

const stateWords: Readonly<Record<ToldMessage['state'], string>> = {
  ...{ refused: 'refused', overdue: 'overdue', pending: 'no receipt yet', warned: 'warned', delivered: 'delivered' },
}

export function fileRow(file: ToldFile, now: number): Row {
  const level = words.fileLevels[file.state]
  return {
    key: file.id,
    level,
    cells: [
      state(file.state, level),
      { parts: [name(file.path), { text: words.outwards(file), as: 'who' }] },
      { parts: [...progress(file), { text: words.whyItWaits(file, now) }, ...tries(file)] },
      time('since', words.waitingSince(file)),
      size(file.size),
    ],
  }
}

export function messageRow(message: ToldMessage, now: number): Row {
  const { names, disposition, closedAt, sentAt } = message
  const level = words.messageLevels[message.state]
  const isSaid = disposition !== undefined && (message.state === 'refused' || message.state === 'warned')
  const said: Part[] = isSaid ? [{ text: words.partnersWords(disposition), as: 'words' }] : []
  return {
    key: `${message.station}/${message.partner}/${message.message ?? ''}/${names[0] ?? ''}/${sentAt}`,
    level,
    cells: [
      state(stateWords[message.state], level),
      { parts: [name(names.join(', ')), { text: words.outwards(message), as: 'who' }] },
      { parts: [{ text: words.answerTo(message, now) }, ...said] },
      time('sent', closedAt ?? sentAt),
      size(message.size),
    ],
  }
}

export function arrivalRow(arrival: ToldArrival): Row {
  return {
    key: `${arrival.path} ${arrival.at}`,
    level: 'good',
    cells: [
      { parts: [name(arrival.name), { text: words.inwards(arrival), as: 'who' }] },
      time('received', arrival.at),
      size(arrival.size),
    ],
  }
}

function name(text: string): Part {
  return { text: words.printable(text), as: 'name' }
}

function state(word: string, level: words.Level): Cell {
  return { parts: [{ badge: word, level, sign: signs[level] }] }
}

function time(label: string, at: number): Cell {
  return { label, parts: [{ at }] }
}

function size(bytes: number): Cell {
  return { label: 'size', isNumber: true, parts: [{ text: words.bytes(bytes) }] }
}

function progress({ state, uploaded, size }: ToldFile): Part[] {
  return state === 'uploading' && size > 0 ? [{ done: Math.floor((uploaded / size) * 100), of: 'uploaded' }] : []
}

function tries({ state, tries }: ToldFile): Part[] {
  return tries > 1 && state !== 'submitted' ? [{ text: `Tried ${tries} times.` }] : []
}
