/** What a call of the real tree came to, and how what is shown is compared with what should be. */
import type { FsError } from '../../src/errors.js'
import type { Attributes } from '../../src/fs/filesystem.js'
import type { Entry } from '../../src/listing/listing.js'

export type Outcome<T> =
  { readonly value: T; readonly code?: undefined } | { readonly code: string; readonly value?: undefined }

export interface ShownEntry {
  readonly name: string
  readonly kind: 'file' | 'folder'
  readonly size: number
  readonly mtime: number
}

export async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call }
  } catch (error) {
    return { code: (error as Partial<FsError>).code ?? String(error) }
  }
}

/** The time of a folder may be that of what was seen of it. */
export function shownEntry(name: string, { kind, mtime, ...rest }: Attributes | Entry): ShownEntry {
  const size = 'size' in rest ? rest.size : 0
  return { name, kind, size: kind === 'file' ? size : 0, mtime: kind === 'file' ? mtime : 0 }
}

/** Whether what was found, or the code of its failure, is that of an entry, or of none. */
export function isSame(found: ShownEntry | string, entry: Entry | undefined): boolean {
  if (!entry || typeof found === 'string') return !entry && found === 'ENOENT'
  return equal([found], [shownEntry('', entry)])
}

export function equal(some: readonly ShownEntry[], others: readonly ShownEntry[]): boolean {
  const isEqual = (a: ShownEntry, b: ShownEntry | undefined) =>
    a.name === b?.name && a.kind === b.kind && a.size === b.size && a.mtime === b.mtime
  return some.length === others.length && some.every((it, i) => isEqual(it, others[i]))
}

export function sorted(entries: readonly ShownEntry[]): ShownEntry[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function text(value: unknown): string {
  return (JSON.stringify(value) as string | undefined)?.slice(0, 500) ?? 'nothing'
}
