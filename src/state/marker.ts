/** The file in a state directory that says whose state it is: so that one bucket's queue is never sent to another. */
import { join } from 'node:path'
import { SetupError } from '../errors.js'
import { replaceFile } from '../durable-file.js'
import { readOwn } from '../own-files.js'

export const markerName = 'mount.json'

/** What this version writes. Before the first there was no number, and neither endpoint nor `found`. */
const currentFormat = 2

export interface Marker {
  readonly bucket: string
  readonly prefix: string
  /** Null: AWS. Undefined: it was not written down. */
  readonly endpoint: string | null | undefined
  /** The bucket was found there once, and let us in. Undefined: it was not written down. */
  readonly isFound: boolean | undefined
  /** How far the journal of new/ goes, at least. Undefined: it was not written down, or there is none. */
  readonly marks?: MarksReach | undefined
}

export interface MarksReach {
  readonly journal: number
  readonly lines: number
}

/** @returns undefined if there is none; `senseless` is held against nobody */
export async function readMarker(directory: string): Promise<Marker | 'senseless' | undefined> {
  const path = markerPath(directory)
  const text = await readOwn(path)
  if (text === undefined) return undefined
  const value = parsed(text)
  if (typeof value?.bucket !== 'string' || typeof value.prefix !== 'string') return 'senseless'
  if (typeof value.format === 'number' && value.format > currentFormat) {
    throw new SetupError(
      `The state directory ${directory} was made by a newer version of as2fs: use that one, or give another with --state-dir.`,
    )
  }
  const { bucket, prefix, endpoint } = value
  const isKnown = typeof endpoint === 'string' || endpoint === null
  const isFound = typeof value.found === 'boolean' ? value.found : undefined
  return { bucket, prefix, endpoint: isKnown ? endpoint : undefined, isFound, marks: reachIn(value.marks) }
}

export async function writeMarker(
  directory: string,
  { bucket, prefix, endpoint, isFound, marks }: Marker,
): Promise<void> {
  const value = { format: currentFormat, bucket, prefix, endpoint: endpoint ?? null, found: isFound === true, marks }
  await replaceFile(markerPath(directory), `${JSON.stringify(value)}\n`)
}

/** Of who has the lock: changes follow one another. */
export class OwnMarker {
  readonly #directory: string
  #value: Marker
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(directory: string, value: Marker) {
    this.#directory = directory
    this.#value = value
  }

  get value(): Marker {
    return this.#value
  }

  /** @throws the disk's own error */
  change(more: Partial<Marker>): Promise<void> {
    this.#value = { ...this.#value, ...more }
    const written = this.#lastWrite.then(() => writeMarker(this.#directory, this.#value))
    this.#lastWrite = written.catch(() => undefined)
    return written
  }
}

export function markerPath(directory: string): string {
  return join(directory, markerName)
}

function reachIn(value: unknown): MarksReach | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { journal, lines } = value as Partial<Record<string, unknown>>
  return typeof journal === 'number' && typeof lines === 'number' ? { journal, lines } : undefined
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
