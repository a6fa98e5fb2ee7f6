/**
 * Senders without a mount: on a directory and a bucket in memory. A life may be cut off at any moment, as by SIGKILL; the
 * next one has what was on the disk then.
 */
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { abortSignalOf, type CancelSignal } from '../../src/cancellation.js'
import { SentInBucket } from '../../src/daemon/sent-in-bucket.js'
import { createListing } from '../../src/listing/cached-listing.js'
import { BucketClock } from '../../src/s3/bucket-clock.js'
import type { Store } from '../../src/s3/store.js'
import { StoreError } from '../../src/s3/store-error.js'
import { createSender, type SenderOptions } from '../../src/send/create-sender.js'
import type { Room } from '../../src/send/disk/ample-room.js'
import type { Close, OpenSpoolFile, Sender, SendRow, SendState } from '../../src/send/sender.js'
import type { Clock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Milliseconds, Name, Prefix } from '../../src/units.js'
import { MemoryStore, unreachable } from './memory-store.js'
import { identityOf } from '../../src/journal/file-identity.js'
import { formatLine } from '../../src/journal/lines.js'
import { until } from './until.js'
import { commonPrefixes } from '../../src/view/tree.js'

export const globex = { station: 'ACME', partner: 'GLOBEX' } as const
const root = 'AS2/' as Prefix

/** The last descriptor of a file is closed, by the program itself. */
const lastClose: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }

/** Of a disk without much room: each file is made on it when it is created. */
export const littleRoom: Room = { isAmple: false, failed: () => undefined, look: async () => undefined }

/** This machine's, which a test can set: time passes everywhere, or the time of day here is another one. */
class MovableClock implements Clock {
  #passed: Milliseconds = 0
  #stepped: Milliseconds = 0
  /** The bucket's, and the world's. */
  readonly right: Clock = { now: () => Date.now() + this.#passed, monotonic: () => this.monotonic() }
  now(): number {
    return this.right.now() + this.#stepped
  }
  monotonic(): Milliseconds {
    return performance.now() + this.#passed
  }
  advance(by: Milliseconds): void {
    this.#passed += by
  }
  step(by: Milliseconds): void {
    this.#stepped += by
  }
}

export class SenderWorld {
  readonly store: MemoryStore
  readonly clock = new MovableClock()
  sender!: Sender
  readonly #base: string
  readonly #options: Partial<SenderOptions>
  #lives = 0
  #life: Life | undefined
  readonly #ended: Promise<void>[] = []

  constructor(base: string, options: Partial<SenderOptions>) {
    this.#base = base
    this.#options = options
    this.store = new MemoryStore({ clock: this.clock.right })
  }

  /** Of the life under way. */
  get directory(): string {
    return join(this.#base, String(this.#lives))
  }

  async start(options: Partial<SenderOptions> = {}): Promise<void> {
    const { clock } = this
    const bucketClock = new BucketClock(clock)
    const life = new Life(this.store, () => {
      bucketClock.note(Math.floor(clock.right.now() / 1000) * 1000, clock.monotonic(), clock.monotonic())
    })
    this.#life = life
    const log = silentLogger()
    const times = { ttl: 0, reconcile: 600_000, staleTtl: 0, deadline: 10_000, patience: 60_000 }
    const unordered = [`${root}send/`, `${root}duplicate/`] as Prefix[]
    const listing = createListing({
      ...times,
      ...{ store: life.store, common: commonPrefixes(root), unordered, clock, log },
    })
    const bucket = new SentInBucket({ listing, store: life.store, root, clock, bucketClock })
    this.sender = await createSender({
      ...{
        hold: ['.*', '*.tmp'],
        empty: 'hold',
        commit: 'close',
        triggerSuffixes: ['.ok', '.done'],
        onDuplicate: 'reject',
        uploads: 8,
        settle: 0,
        lostAnswer: 0,
      },
      ...{ multipartThreshold: 100 * 1024 * 1024, random: () => 0 },
      ...{ root, bucket, clock, log, directory: this.directory, store: life.store },
      ...this.#options,
      ...options,
    })
  }

  /** The end of the process, at once. What it had under way reaches the bucket or not, as it happens. */
  cutOff(change: (directory: string) => void = () => undefined): void {
    const { sender } = this
    this.#life?.end()
    const before = this.directory
    this.#lives += 1
    copyOfDisk(before, this.directory)
    change(this.directory)
    this.#ended.push(sender.close().catch(() => undefined))
  }

  async restart(change?: (directory: string) => void, options?: Partial<SenderOptions>): Promise<void> {
    this.cutOff(change)
    await this.start(options)
  }

  async stop(): Promise<void> {
    await this.sender.close()
    await Promise.all(this.#ended)
  }

  /** A file that a program writes, and closes. */
  async write(name: string, content: string | Buffer, partner = globex): Promise<OpenSpoolFile> {
    const file = await this.sender.create(partner, path(name), never())
    await file.write(Buffer.from(content), 0, never())
    await file.flush(lastClose, never())
    await file.release()
    return file
  }

  row(name: string, partner = globex): SendRow | undefined {
    return this.sender.row(partner, path(name))
  }

  async inState(name: string, state: SendState, partner = globex): Promise<SendRow> {
    return until(`${name} to be ${state}`, () => {
      const row = this.row(name, partner)
      return row?.state === state ? row : undefined
    })
  }

  /** Waits until nothing is on its way, and tries everything that waits for a time again at once. */
  async settled(): Promise<void> {
    await until('the queue to be empty', async () => {
      const rows = this.sender.allRows().filter((it) => it.state === 'queued' || it.state === 'uploading')
      const isPaused = (row: SendRow) => row.state === 'queued' && (row.nextTryAt ?? 0) > this.clock.now() + 20
      for (const { id } of rows.filter(isPaused)) await this.sender.retry(id, never()).catch(() => undefined)
      return rows.length === 0
    })
  }

  /** How often something was put under a key, by PUT or by a completed multipart upload, and was taken. */
  puts(name: string): number {
    return this.store.puts.filter((it) => it === `AS2/send/ACME/GLOBEX/${name}`).length
  }

  /** The gateway takes a file: from `send/` to the outbox. */
  take(name: string, partner = globex): void {
    const key = `AS2/send/${partner.station}/${partner.partner}/${name}`
    const bytes = this.store.bytes(key)
    if (!bytes) throw new Error(`${key} is not there`)
    const folder = String(this.clock.now() * 10_000)
    this.store.set(`AS2/files/${partner.station}/${partner.partner}/outbox/${folder}/${name}`, bytes)
    this.store.delete(key)
  }
}

/** What the process has begun to delete goes on being deleted while it is copied. */
function copyOfDisk(from: string, to: string): void {
  for (let tries = 1; ; tries += 1) {
    try {
      cpSync(from, to, { recursive: true, preserveTimestamps: true })
      asTheSameFile(join(to, 'journal'))
      return
    } catch (error) {
      if (tries === 10 || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      rmSync(to, { recursive: true, force: true })
    }
  }
}

/** After a crash it is the same file still: what was copied says so of itself. */
function asTheSameFile(journal: string): void {
  if (!existsSync(journal)) return
  const [, ...rest] = readFileSync(journal, 'utf8').split('\n')
  const first = formatLine({ file: identityOf(statSync(journal, { bigint: true })) })
  writeFileSync(journal, first + rest.join('\n'))
}

/** The bucket as one life sees it: after its end nothing of it has an effect any more. */
class Life {
  readonly store: Store
  readonly #end = new AbortController()

  /** @param onAnswer the bucket has answered, whatever: its time is known */
  constructor(store: Store, onAnswer: () => void) {
    const mine = (signal: CancelSignal) => AbortSignal.any([abortSignalOf(signal), this.#end.signal])
    const check = (): void => {
      if (this.#end.signal.aborted) throw unreachable()
    }
    const alive = async <T>(call: () => Promise<T>): Promise<T> => {
      check()
      const answer = await call().catch((error: unknown) => {
        // A refusal is an answer, too.
        if (error instanceof StoreError && error.failure !== 'transient') onAnswer()
        throw error
      })
      check()
      onAnswer()
      return answer
    }
    this.store = {
      lacks: store.lacks,
      list: (request, signal) => alive(() => store.list(request, mine(signal))),
      get: (request, signal) => alive(() => store.get(request, mine(signal))),
      head: (key, signal) => alive(() => store.head(key, mine(signal))),
      put: (request, signal) => alive(() => store.put(request, mine(signal))),
      createMultipart: (key, signal) => alive(() => store.createMultipart(key, mine(signal))),
      uploadPart: (key, id, part, signal) => alive(() => store.uploadPart(key, id, part, mine(signal))),
      completeMultipart: (key, id, parts, onlyIfAbsent, signal) =>
        alive(() => store.completeMultipart(key, id, parts, onlyIfAbsent, mine(signal))),
      abortMultipart: (key, id, signal) => alive(() => store.abortMultipart(key, id, mine(signal))),
      close: () => undefined,
    }
  }

  end(): void {
    this.#end.abort()
  }
}

/** A sender that has begun; everything is gone after the test. */
export async function senderWorld(t: Test, options: Partial<SenderOptions> = {}): Promise<SenderWorld> {
  const base = await mkdtemp(join(tmpdir(), 'as2fs-sender-'))
  const world = new SenderWorld(base, options)
  await world.start()
  t.teardown(async () => {
    await world.stop()
    await rm(base, { recursive: true, force: true })
  })
  return world
}

export function path(name: string): Name[] {
  return name.split('/') as Name[]
}

/** A signal for a call that takes the time that it takes. */
export function never(): AbortSignal {
  return new AbortController().signal
}
