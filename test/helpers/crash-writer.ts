/**
 * Writes files to a `send/` until it is killed, in the ways of many programs. On stdout it says of each, one line of JSON:
 * `closing` before the last step of writing it (close, or the rename that publishes it), and `done` after that step
 * succeeded. Arguments: folder, beginning of all names, seed.
 */
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { seededRandom } from './faults.js'

export interface WriterLine {
  readonly step: 'closing' | 'done'
  readonly path: string
  readonly size: number
  readonly sha256: string
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder = '', prefix = '', seed = '0'] = process.argv
  const random = seededRandom(Number(seed))
  for (let n = 0; ; n += 1) {
    try {
      writeOne(folder, `${prefix}-${n}.edi`, random)
    } catch {
      // The daemon is gone, or its proxy keeps it waiting: what was begun is not vouched for.
      await delay(20)
    }
    if (random() < 0.3) await delay(random() * 20)
  }
}

function writeOne(folder: string, name: string, random: () => number): void {
  const bytes = content(random)
  const isRenamed = random() < 0.3
  const written = join(folder, isRenamed ? `.${name}.tmp` : name)
  const path = join(folder, name)
  const line = { path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  const file = openSync(written, 'wx')
  try {
    const step = Math.max(1, Math.ceil(bytes.length / (1 + Math.floor(random() * 4))))
    if (random() < 0.1) ftruncateSync(file, bytes.length)
    for (let at = 0; at < bytes.length; at += step) {
      // Not the last one: a file is then ready when it is closed, not when it is synced.
      if (at > 0 && random() < 0.2) fsyncSync(file)
      writeWhole(file, bytes.subarray(at, at + step), at)
    }
    if (!isRenamed) say({ step: 'closing', ...line })
  } finally {
    closeSync(file)
  }
  if (isRenamed) {
    say({ step: 'closing', ...line })
    renameSync(written, path)
  }
  say({ step: 'done', ...line })
}

function content(random: () => number): Buffer {
  const kind = random()
  const size = kind < 0.75 ? 1 + random() * 5_000 : kind < 0.95 ? random() * 500_000 : 9_000_000 + random() * 3_000_000
  const bytes = Buffer.alloc(Math.ceil(size))
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.writeUInt32LE((random() * 2 ** 32) >>> 0, at)
  return bytes
}

function writeWhole(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done)
}

function say(line: WriterLine): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
