/** The files of a bundle as one zip: streamed, and the same bytes whenever it is made of the same files. */
import { PassThrough, type Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { Member } from '../life/message.js'

/** As plain files have them; the spool's own are nobody's business. */
const fileMode = 0o100644

/**
 * Members stand in the binary order of their names, each read only when its turn has come.
 * @param read a new stream over all of a member
 */
export function zipOf(members: readonly Member[], read: (member: Member) => Readable): Readable {
  const zip = new ZipFile()
  const output = zip.outputStream
  if (!(output instanceof PassThrough)) throw new TypeError('yazl gives another stream than it did')
  let current: Readable | undefined
  const fail = (error: unknown): void => void output.destroy(error instanceof Error ? error : new Error(String(error)))
  zip.on('error', fail)
  output.on('close', () => current?.destroy())
  for (const member of [...members].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))) {
    // The format, or what yazl writes of it, knows no time before 1970.
    const options = { mtime: new Date(Math.max(member.mtime, 0)), mode: fileMode, size: member.size }
    zip.addReadStreamLazy(member.name, options, (give) => {
      if (output.destroyed) return
      current = read(member)
      current.on('error', fail)
      give(null, current)
    })
  }
  zip.end()
  return output
}

/** Whether an archive can hold a name so that every program unpacks it under just that. */
export function fitsArchive(name: string): boolean {
  return !name.includes('\\') && !/^[A-Za-z]:/.test(name)
}
