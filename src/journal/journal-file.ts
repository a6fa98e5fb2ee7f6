/** The file of a journal as a whole: read, and made anew. Piece by piece: it may be of megabytes, and of what it says some hundred thousand lines. */
import { rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../durable-file.js'
import { openOwn, withOwn } from '../own-files.js'
import type { Bytes, EpochMs } from '../units.js'
import { identityOf, type FileIdentity } from './file-identity.js'
import { formatLine, LineParser, type ParsedJournal } from './lines.js'
import { writeAll } from './write-all.js'

/** Some hundred lines. Half of it is for what takes files away: new ones are refused before that. */
export const reserve: Bytes = 256 * 1024
const readAtOnce: Bytes = 256 * 1024
const writtenAtOnce: Bytes = 64 * 1024
/** Beyond that a piece has memory of its own. */
const mostLine: Bytes = 4 * 1024

export interface JournalForm {
  /** Each line has its number: then one that is missing is known to be. */
  readonly isNumbered?: boolean
  /** Its first line says which file it is: then a copy of it is known to be one. */
  readonly isNamed?: boolean
}

/** Lines of one that is named say when they were written. */
export interface Dated {
  readonly at?: EpochMs
}

/** The first line of such a one. */
export interface FirstLine extends Dated {
  readonly file: FileIdentity
}

/** A journal that is written to. */
export interface OpenedJournal {
  readonly file: FileHandle
  /** Of whole lines. */
  readonly length: Bytes
  /** With the zeros at its end. */
  readonly allocated: Bytes
  readonly lines: number
}

export interface ReadFile extends Omit<ParsedJournal<unknown>, 'entries'> {
  readonly length: Bytes
  /** It has room for more at its end. */
  readonly endsWithZero: boolean
}

/**
 * @param visit is given each entry, in order
 * @returns undefined: there is no such file
 * @throws as `openOwn`
 */
export async function readJournal(path: string, visit: (entry: unknown) => void): Promise<ReadFile | undefined> {
  return withOwn(path, async (file) => {
    const parser = new LineParser(visit)
    const buffer = Buffer.allocUnsafeSlow(readAtOnce)
    let [length, last] = [0, -1]
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, readAtOnce, length)
      if (bytesRead === 0) return { ...parser.end(), length, endsWithZero: last === 0 }
      parser.push(buffer.subarray(0, bytesRead))
      length += bytesRead
      last = buffer[bytesRead - 1] ?? 0
    }
  })
}

/**
 * A journal of these entries takes the place of whatever is there, in one step.
 * @param entries are asked for as they are written
 * @throws the disk's own error; what was there is there still
 */
export async function replaceJournal(
  path: string,
  entries: Iterable<object>,
  form: JournalForm,
): Promise<OpenedJournal> {
  const temporary = `${path}.new`
  const file = await openOwn(temporary, 'w')
  try {
    const found = form.isNamed ? await file.stat({ bigint: true }) : undefined
    const first: FirstLine[] = found ? [{ at: Date.now(), file: identityOf(found) }] : []
    const buffer = Buffer.allocUnsafeSlow(writtenAtOnce + mostLine)
    let [length, lines, piece] = [0, 0, '']
    const write = async (): Promise<void> => {
      const bytes =
        Buffer.byteLength(piece) > buffer.length ? Buffer.from(piece) : buffer.subarray(0, buffer.write(piece))
      piece = ''
      await writeAll(file, bytes, length)
      length += bytes.length
    }
    const add = (entry: object): boolean => {
      lines += 1
      piece += formatLine(entry, form.isNumbered ? lines : undefined)
      return piece.length >= writtenAtOnce
    }
    first.forEach(add)
    for (const entry of entries) if (add(entry)) await write()
    await write()
    await writeAll(file, Buffer.alloc(reserve), length)
    await file.sync()
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return { file, length, allocated: length + reserve, lines }
  } catch (error) {
    await file.close().catch(() => undefined)
    // It takes room that others need.
    await unlink(temporary).catch(() => undefined)
    throw error
  }
}
