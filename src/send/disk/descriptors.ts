/**
 * How many files of `send/` may be open at once. Each is one descriptor of the daemon, which needs some for itself: with
 * none left, nothing could be uploaded or written down any more, and so nothing closed.
 */
import { readFile } from 'node:fs/promises'
import { FsError } from '../../errors.js'
import type { Logger } from '../../telemetry/log.js'

/**
 * The SDK's connections (`maxSockets` in s3/network.ts), those of lean reads and of --http, files of the disk cache and folders that
 * are synced, 64 each; and what is open always.
 */
const reserved = 128 + 4 * 64 + 32
/** A large file is read for so many of its parts at the same time. */
const reservedPerUpload = 4
/** Log lines and `status`: a file or two that come and go at the limit are one trouble, not many. */
const relief = 0.9
/** Of a process of which nothing is known: Linux's own default. */
const usual = 1_024

export class Descriptors {
  readonly #limit: number
  readonly #log: Logger
  #taken = 0
  #isShort = false

  constructor(limit: number, log: Logger) {
    this.#limit = limit
    this.#log = log
  }

  /** @throws FsError EMFILE if all are taken */
  take(): void {
    this.mustBeFree()
    this.#taken += 1
  }

  give(): void {
    this.#taken -= 1
    if (this.#taken < this.#limit * relief) this.#isShort = false
  }

  /** @throws FsError EMFILE if all are taken */
  mustBeFree(): void {
    if (this.#taken < this.#limit) return
    if (!this.#isShort) this.#log.error({ open: this.#taken }, this.#sentence)
    this.#isShort = true
    throw new FsError('EMFILE', this.#sentence)
  }

  /** One sentence, while files can't be opened. */
  get problem(): string | undefined {
    return this.#isShort ? this.#sentence : undefined
  }

  get #sentence(): string {
    return `${this.#limit} files are open in send/, and the daemon may not open more: raise LimitNOFILE (systemd) or ulimit -n.`
  }
}

/** Of this process: Node has raised the soft limit to the hard one at its start. */
export interface OwnDescriptors {
  readonly all: number
  /** How many files of `send/` may be open at once. */
  readonly forSend: number
  /** The daemon does not have all that it keeps for itself elsewhere. */
  readonly isShort: boolean
}

export async function ownDescriptors(uploads: number): Promise<OwnDescriptors> {
  const all = descriptorLimit(await readFile('/proc/self/limits', 'utf8').catch(() => ''))
  const forSend = openFilesWithin(all, uploads)
  return { all, forSend, isShort: all - forSend < keptFor(uploads) }
}

export async function mostOpenFiles(uploads: number): Promise<number> {
  return (await ownDescriptors(uploads)).forSend
}

/** @param limits as /proc/self/limits has them */
export function descriptorLimit(limits: string): number {
  const soft = /^Max open files +(\S+)/m.exec(limits)?.[1]
  return soft === 'unlimited' ? Infinity : Number(soft ?? usual)
}

export function openFilesWithin(descriptors: number, uploads: number): number {
  return Math.max(descriptors - keptFor(uploads), Math.floor(descriptors / 2))
}

/** By the daemon, for all else. */
function keptFor(uploads: number): number {
  return reserved + reservedPerUpload * uploads
}
