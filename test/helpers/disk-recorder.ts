/**
 * Records what a spool directory holds after each write and each sync, and what of it is certain to outlive a power loss;
 * and tells every state in which a crash at any of these moments may leave it.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../src/errors.js'
import { callByCall, diskCalls } from '../../src/journal/disk-calls.js'

/** What a start would find. */
interface Disk {
  readonly journal: Buffer
  /** Of the spool, by id. */
  readonly data: ReadonlyMap<string, Buffer>
}

/** A state after a crash, and how it came about. */
export interface CrashState extends Disk {
  readonly how: string
  /** Nothing was lost: all that was written is there. */
  readonly isKilled?: boolean
}

interface Moment<T> {
  readonly what: string
  readonly now: Disk
  readonly synced: Disk
  readonly facts: T
}

type Method = 'write' | 'truncate' | 'sync' | 'datasync'

export class DiskRecorder<T> {
  readonly #directory: string
  readonly #facts: () => T
  readonly #moments: Moment<T>[] = []
  /** Contents as they were when their last sync began. */
  readonly #contents = new Map<string, Buffer>()
  /** Names in the folder of the data as they were when its last sync began. */
  #names = new Set<string>()
  #restore: () => void = () => undefined

  /** @param facts what a recovery from a crash at this moment is judged by; asked at each moment */
  constructor(directory: string, facts: () => T) {
    this.#directory = directory
    this.#facts = facts
    this.#contents.set(this.#journal, readFileSync(this.#journal))
  }

  /** Files are written through a FileHandle, all of them of one class. */
  async start(): Promise<void> {
    const probe = await open('/dev/null')
    const methods = Object.getPrototypeOf(probe) as Record<Method, (this: FileHandle, ...args: unknown[]) => unknown>
    await probe.close()
    const originals = { ...pick(methods, ['write', 'truncate', 'sync', 'datasync']) }
    const contentOf = (path: string) => this.#contentOf(path)
    const note = (method: Method, path: string, content: ReturnType<typeof contentOf>) => {
      this.#note(method, path, content)
    }
    for (const method of ['write', 'truncate', 'sync', 'datasync'] as const) {
      methods[method] = async function (...args) {
        const path = readlinkSync(`/proc/self/fd/${this.fd}`)
        const content = method.endsWith('sync') ? contentOf(path) : undefined
        const result: unknown = await originals[method].apply(this, args)
        note(method, path, content)
        return result
      }
    }
    // What is done in one go can't be seen step by step.
    const inOneGo = { ...diskCalls }
    Object.assign(diskCalls, callByCall)
    this.#restore = () => {
      Object.assign(methods, originals)
      Object.assign(diskCalls, inOneGo)
    }
  }

  stop(): void {
    this.#restore()
  }

  get moments(): number {
    return this.#moments.length
  }

  /** A moment that is no write: something was acknowledged, or became known. */
  mark(what: string): void {
    const data = contentsOf(this.#data)
    const now = { journal: written(readFileSync(this.#journal)), data }
    // A name that was taken away without a sync of the folder may be there again, and a new one not yet.
    const kept = [...this.#names].map(
      (id) => [id, this.#contents.get(join(this.#data, id)) ?? Buffer.alloc(0)] as const,
    )
    const synced = { journal: written(this.#contents.get(this.#journal)!), data: new Map(kept) }
    this.#moments.push({ what, now, synced, facts: this.#facts() })
  }

  /** All crashes, at all moments. */
  *crashes(): Iterable<{ readonly state: CrashState; readonly facts: T }> {
    for (const { what, now, synced, facts } of this.#moments) {
      for (const state of crashStates(now, synced)) yield { state: { ...state, how: `${what}: ${state.how}` }, facts }
    }
  }

  get #journal(): string {
    return join(this.#directory, 'journal')
  }

  get #data(): string {
    return join(this.#directory, 'data')
  }

  #contentOf(path: string): Buffer | ReadonlySet<string> | undefined {
    if (path === this.#data) return new Set(readdirSync(path))
    return path === this.#journal || dirname(path) === this.#data ? readFileSync(path) : undefined
  }

  #note(method: Method, path: string, content: Buffer | ReadonlySet<string> | undefined): void {
    const isOurs = path === this.#data || path === this.#journal || dirname(path) === this.#data
    if (!isOurs) return
    if (content instanceof Set) this.#names = content as Set<string>
    else if (content) this.#contents.set(path, content as Buffer)
    this.mark(`${method} ${basename(path).slice(0, 8)}`)
  }
}

function* crashStates(now: Disk, synced: Disk): Iterable<CrashState> {
  yield { how: 'killed', isKilled: true, ...now }
  yield { how: 'power loss, only what was synced', ...synced }
  yield { how: 'power loss, the journal came further', journal: now.journal, data: synced.data }
  yield { how: 'power loss, the data came further', journal: synced.journal, data: now.data }
  yield { how: 'power loss, sizes came further', journal: synced.journal, data: new Map(grown(now.data, synced.data)) }
  yield {
    how: 'power loss, names and sizes came further',
    journal: synced.journal,
    data: zeroed(now.data, synced.data),
  }
  let same = 0
  while (same < now.journal.length && now.journal[same] === synced.journal[same]) same += 1
  for (let cut = same; cut < now.journal.length; cut += 1) {
    // Behind the cut is what was there before: zeros, or nothing.
    const journal = Buffer.concat([now.journal.subarray(0, cut), synced.journal.subarray(cut)])
    yield { how: `power loss, journal cut at ${cut}`, journal, data: synced.data }
    yield { how: `power loss, journal cut at ${cut}, the data came further`, journal, data: now.data }
  }
}

/** As long as they are now, with zeros for what was not synced. */
function* grown(now: Disk['data'], synced: Disk['data']): Iterable<[string, Buffer]> {
  for (const [id, bytes] of synced) {
    const length = now.get(id)?.length ?? bytes.length
    yield [id, length > bytes.length ? Buffer.concat([bytes], length) : bytes]
  }
}

/** All that are there now, as long as they are, with zeros for what was not synced. */
function zeroed(now: Disk['data'], synced: Disk['data']): Disk['data'] {
  const of = (id: string, { length }: Buffer): Buffer => {
    const bytes = synced.get(id) ?? Buffer.alloc(0)
    return bytes.length < length ? Buffer.concat([bytes], length) : bytes
  }
  return new Map([...now].map(([id, bytes]) => [id, of(id, bytes)]))
}

/** Without the zeros that make room for what comes. */
function written(journal: Buffer): Buffer {
  let end = journal.length
  while (end > 0 && journal[end - 1] === 0) end -= 1
  return journal.subarray(0, end)
}

function pick<K extends string, V>(from: Record<K, V>, keys: readonly K[]): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Record<K, V>
}

/** By name; what is being deleted meanwhile is there, or is not. */
function contentsOf(folder: string): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>()
  for (const name of readdirSync(folder)) {
    try {
      found.set(name, readFileSync(join(folder, name)))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }
  return found
}
