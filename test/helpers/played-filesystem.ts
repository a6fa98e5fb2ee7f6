/** A filesystem of a few files and folders, for tests of what stands between it and the kernel. */
import { FsError } from '../../src/errors.js'
import type { Attributes, DirectoryEntry, Filesystem, Opened } from '../../src/fs/filesystem.js'

/** Paths of files, each with what it is the same file by, and of folders, which have none. */
export class PlayedFilesystem implements Filesystem {
  readonly files = new Map<string, string | undefined>()
  /** Sizes of what is open, by what it is the same file by. */
  readonly sizes = new Map<string, number>()
  /** What was asked for, and of which path. */
  readonly calls: string[] = []
  /** Thrown by every change. */
  refusal: FsError | undefined
  /** What `open` gives, beyond a handle. */
  content: Opened['content']
  held: Opened['held']
  /** Waited for by every operation that may take its time. */
  delay: Promise<unknown> = Promise.resolve()
  #handles = 0

  constructor(files: Readonly<Record<string, string | undefined>> = {}) {
    for (const [path, identity] of Object.entries(files)) this.files.set(path, identity)
  }

  async getattr(path: string): Promise<Attributes> {
    this.calls.push(`getattr ${path}`)
    await this.delay
    return this.#attributes(path)
  }

  async readdir(path: string): Promise<DirectoryEntry[]> {
    this.#find(path)
    const inside = [...this.files.keys()].filter((it) => it.startsWith(`${path}/`))
    return inside.map((it) => ({ ...this.#attributes(it), name: it.slice(path.length + 1) }))
  }

  async access(path: string, mode: number): Promise<void> {
    this.calls.push(`access ${path}`)
    const isFile = this.#find(path) !== undefined
    if (isFile && (mode & 1) !== 0) throw new FsError('EACCES', `${path} is no program.`)
  }

  async open(path: string): Promise<Opened> {
    this.calls.push(`open ${path}`)
    await this.delay
    this.#find(path)
    return { handle: (this.#handles += 1), content: this.content, held: this.held }
  }

  async create(path: string): Promise<number> {
    this.#change(`create ${path}`)
    await this.delay
    this.files.set(path, `made as ${path}`)
    return (this.#handles += 1)
  }

  async read(handle: number, position: number, length: number): Promise<Uint8Array> {
    this.calls.push(`read ${handle}`)
    await this.delay
    if (this.refusal) throw this.refusal
    return Buffer.from('content').subarray(position, position + length)
  }

  async write(handle: number, bytes: Uint8Array): Promise<number> {
    this.#change(`write ${handle} ${Buffer.from(bytes).toString()}`)
    return bytes.length
  }

  async truncate(path: string): Promise<void> {
    this.#change(`truncate ${path}`)
  }

  async ftruncate(handle: number, size: number): Promise<void> {
    this.#change(`ftruncate ${handle} ${size}`)
  }

  async flush(handle: number): Promise<void> {
    this.#change(`flush ${handle}`)
  }

  async fsync(handle: number): Promise<void> {
    this.#change(`fsync ${handle}`)
  }

  async disown(handle: number): Promise<void> {
    this.calls.push(`disown ${handle}`)
  }

  async release(handle: number, answered?: number): Promise<void> {
    this.calls.push(`release ${handle}${answered === undefined ? '' : ` ${answered}`}`)
  }

  async rename(from: string, to: string): Promise<{ isPacked: boolean }> {
    this.#change(`rename ${from} ${to}`)
    await this.delay
    const identity = this.#find(from)
    this.files.delete(from)
    this.files.set(to, identity ?? `packed as ${to}`)
    return { isPacked: identity === undefined }
  }

  async unlink(path: string): Promise<void> {
    this.#change(`unlink ${path}`)
    await this.delay
    this.#find(path)
    this.files.delete(path)
  }

  async mkdir(path: string): Promise<void> {
    this.#change(`mkdir ${path}`)
    this.files.set(path, undefined)
  }

  async rmdir(path: string): Promise<void> {
    this.#change(`rmdir ${path}`)
    this.files.delete(path)
  }

  async utimens(path: string, { mtime }: { mtime: number | undefined }): Promise<void> {
    this.#change(`utimens ${path} ${mtime}`)
  }

  async setattr(path: string): Promise<void> {
    this.#change(`setattr ${path}`)
  }

  async link(from: string, to: string): Promise<void> {
    this.#change(`link ${from} ${to}`)
  }

  refuse(path: string, operation: string): Promise<never> {
    return Promise.reject(new FsError('EPERM', `No ${operation} at ${path}.`))
  }

  statfs(): Promise<{ blockSize: number; totalBlocks: number; freeBlocks: number; files: number }> {
    return Promise.resolve({ blockSize: 4096, totalBlocks: 1000, freeBlocks: 400, files: 0 })
  }

  sizeOfOpen(identity: string): number | undefined {
    return this.sizes.get(identity)
  }

  #change(call: string): void {
    this.calls.push(call)
    if (this.refusal) throw this.refusal
  }

  #find(path: string): string | undefined {
    if (!this.files.has(path)) throw new FsError('ENOENT', `There is no ${path}.`)
    return this.files.get(path)
  }

  #attributes(path: string): Attributes {
    const identity = this.#find(path)
    if (identity === undefined) return { kind: 'folder', mode: 0o755, size: 0, mtime: 0 }
    return { kind: 'file', mode: 0o644, size: this.sizes.get(identity) ?? 7, mtime: 9, identity }
  }
}
