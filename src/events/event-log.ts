/**
 * What happened to sent files, to the bucket and its keys, numbered and written down, so that who was away is told of it later.
 * Two files of the state directory: when the newer one is full it takes the place of the older one.
 */
import { randomUUID } from 'node:crypto'
import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../durable-file.js'
import { readOwn } from '../own-files.js'
import { makeFolders } from '../own-folders.js'
import { AuditLog } from '../telemetry/audit-log.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes } from '../units.js'
import { sendEvents, type HealthEvent, type LoggedEvent } from './event.js'
import { EventReader, lastSeq } from './event-file.js'

/** Some 50,000 events each. */
const mostInFile: Bytes = 16 * 1024 * 1024
/** A power loss may take numbers that somebody was told: those of the next life are beyond all of them. */
const betweenLives = 1_000_000

export interface EventLogOptions {
  /** Of the events, in the state directory; made if it is not there. */
  readonly directory: string
  readonly log: Logger
  /** After so many bytes another file is begun. */
  readonly mostInFile?: Bytes
}

/** What is kept beside the files. */
interface Identity {
  readonly id: string
  /** The last number that is not kept any more. */
  readonly dropped: number
}

export class EventLog {
  readonly #options: EventLogOptions
  readonly #listeners = new Set<() => void>()
  #file: AuditLog | undefined
  #identity: Identity
  #seq: number
  #written: Bytes
  #rotation: Promise<void> | undefined

  private constructor(options: EventLogOptions, identity: Identity, seq: number, written: Bytes) {
    this.#options = options
    this.#identity = identity
    this.#seq = seq
    this.#written = written
  }

  /** @throws UsageError or the disk's own error if the directory can't be used */
  static async open(options: EventLogOptions): Promise<EventLog> {
    const { directory, log } = options
    await makeFolders(directory)
    const [current, former] = pathsIn(directory)
    const identity = await identityIn(directory)
    const seq = Math.max(identity.dropped, await lastSeq(current), await lastSeq(former)) + betweenLives
    const written = (await stat(current).catch(() => undefined))?.size ?? 0
    const events = new EventLog(options, identity, seq, written)
    const onWritten = (): void => events.#listeners.forEach((listener) => listener())
    events.#file = await AuditLog.open(current, log, { called: 'log of events', onWritten })
    return events
  }

  /** Numbers of another log mean nothing in this one. */
  get id(): string {
    return this.#identity.id
  }

  /** Those up to this number are not kept any more; 0: all are. */
  get dropped(): number {
    return this.#identity.dropped
  }

  /** The number of the last event so far. */
  get last(): number {
    return this.#seq
  }

  /** One sentence, while it can't be written. */
  get problem(): string | undefined {
    return this.#file?.problem
  }

  /** @see AuditSink */
  wants(event: string): boolean {
    return (sendEvents as readonly string[]).includes(event)
  }

  /** Never waits and never fails. */
  append(entry: object): void {
    this.#seq += 1
    const numbered = { seq: this.#seq, ...entry }
    this.#file?.append(numbered)
    this.#written += JSON.stringify(numbered).length + 1
    if (this.#written > (this.#options.mostInFile ?? mostInFile)) this.#rotation ??= this.#rotate()
  }

  tell(event: HealthEvent): void {
    this.append(event)
  }

  /** Called when there are more to be read. @returns a function that ends it */
  onNew(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** For who reads what comes after a number. */
  reader(seq: number): EventReader<LoggedEvent> {
    const [current, former] = pathsIn(this.#options.directory)
    return new EventReader(current, former, seq)
  }

  /** @see AuditSink */
  async tail(): Promise<readonly object[]> {
    const all: object[] = []
    for await (const { event, at, ...more } of this.reader(0).read()) {
      all.push({ event, at, ...('id' in more && { id: more.id }) })
    }
    return all
  }

  async flushed(): Promise<void> {
    await this.#rotation
    await this.#file?.flushed()
  }

  async close(): Promise<void> {
    await this.#rotation
    await this.#file?.close()
  }

  async #rotate(): Promise<void> {
    const [current, former] = pathsIn(this.#options.directory)
    try {
      await this.#file?.flushed()
      const dropped = await lastSeq(former)
      this.#identity = { ...this.#identity, dropped: Math.max(dropped, this.#identity.dropped) }
      await writeIdentity(this.#options.directory, this.#identity)
      await rename(current, former)
      this.#written = 0
    } catch (err) {
      // Tried again when as much has come once more.
      this.#written = 0
      this.#options.log.warn({ err }, 'The log of events could not be begun anew; it goes on growing.')
    } finally {
      this.#rotation = undefined
    }
  }
}

function pathsIn(directory: string): readonly [current: string, former: string] {
  return [join(directory, 'log'), join(directory, 'log.1')]
}

async function identityIn(directory: string): Promise<Identity> {
  const text = await readOwn(join(directory, 'id'))
  const known = text === undefined ? undefined : identityOf(text)
  if (known) return known
  const identity = { id: randomUUID(), dropped: 0 }
  await writeIdentity(directory, identity)
  return identity
}

function identityOf(text: string): Identity | undefined {
  try {
    const { id, dropped } = JSON.parse(text) as Partial<Identity>
    return typeof id === 'string' && typeof dropped === 'number' ? { id, dropped } : undefined
  } catch {
    return undefined
  }
}

async function writeIdentity(directory: string, identity: Identity): Promise<void> {
  await replaceFile(join(directory, 'id'), `${JSON.stringify(identity)}\n`)
}
