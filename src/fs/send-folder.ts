/** A `send/`: what waits here, and what is in `AS2/send` already, as one folder. */
import type { CancelSignal } from '../cancellation.js'
import type { Objects } from '../data/objects.js'
import { codeOf, FsError, type FsErrorDetails } from '../errors.js'
import { isHiddenName } from '../hidden-name.js'
import type { OpenFlags, Sender, SendRow } from '../send/sender.js'
import type { Bytes, EpochMs, Name } from '../units.js'
import type { Partner } from '../view/partner.js'
import { entryAttributes } from './attributes.js'
import { objectFile, type FileDescription } from './file-description.js'
import type { Attributes, DirectoryEntry, Renamed } from './filesystem.js'
import type { SubmittedFiles } from './submitted-files.js'

/**
 * Nothing here waits for a bucket that does not answer: a program that sends must not wait out an outage, and while it
 * creates a file the kernel lets nobody else into the folder.
 */
export class SendFolder {
  readonly #sender: Sender
  readonly #submitted: SubmittedFiles
  readonly #objects: Objects

  constructor(options: { sender: Sender; submitted: SubmittedFiles; objects: Objects }) {
    this.#sender = options.sender
    this.#submitted = options.submitted
    this.#objects = options.objects
  }

  async getattr(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<Attributes> {
    if (names.length === 0) return folderAttributes(0)
    const row = this.#sender.row(partner, names)
    if (row && row.state !== 'submitted') return this.#rowAttributes(row)
    if (this.#isBundle(partner, names)) return folderAttributes(0)
    const entry = await this.#submitted.lookup(partner, names, signal)
    // That may have told that the gateway took it.
    const still = row && this.#sender.row(partner, names)
    if (still) return this.#rowAttributes(still)
    // Others' files come by listings alone, and those are no younger.
    if (!entry) throw absent(names, { isLasting: true })
    return entryAttributes(entry)
  }

  async readdir(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<Iterable<DirectoryEntry>> {
    const tree = await this.#submitted.tree(partner, signal)
    const listed = tree?.readdir(names)
    const local = this.#localEntries(partner, names)
    if (!listed && local.length === 0 && names.length > 0 && !this.#isBundle(partner, names)) {
      const isFile = this.#sender.row(partner, names) ?? tree?.lookup(names)
      throw isFile ? new FsError('ENOTDIR', `${names.join('/')} is a file.`) : absent(names)
    }
    const merged = new Map<string, DirectoryEntry>()
    for (const entry of listed ?? []) merged.set(entry.name, { ...entryAttributes(entry), name: entry.name })
    for (const entry of local) merged.set(entry.name, entry)
    return [...merged.values()]
  }

  async open(
    partner: Partner,
    names: readonly Name[],
    flags: OpenFlags,
    signal: CancelSignal,
  ): Promise<FileDescription> {
    const row = await this.#rowNow(partner, names, signal)
    if (row && row.state !== 'submitted') {
      return this.#sender.open(partner, names, flags, signal).catch((error: unknown) => {
        // It was sent or replaced a moment ago: then it is in the bucket, or there is another one.
        if (codeOf(error) !== 'ENOENT' || !this.#sender.row(partner, names)) throw error
        return this.open(partner, names, flags, signal)
      })
    }
    if (this.#isBundle(partner, names)) throw folder(names)
    // Without an ETag the bucket's own time tells the version, which is another than ours.
    const etag = row?.etag ?? ''
    const info = row && etag !== '' ? { key: row.key, size: row.size, mtime: row.mtime, etag } : undefined
    const entry = info ?? (await this.#submitted.lookup(partner, names, signal))
    if (!entry) throw absent(names)
    if ('kind' in entry && entry.kind === 'folder') throw folder(names)
    if (flags.write) throw submitted(names)
    const object = this.#objects.open(entry)
    return objectFile(object)
  }

  async create(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<FileDescription> {
    if (!(await this.#rowNow(partner, names, signal))) await this.#mustBeNoFolder(partner, names, signal)
    return this.#sender.create(partner, names, signal)
  }

  async truncate(partner: Partner, names: readonly Name[], size: Bytes, signal: CancelSignal): Promise<void> {
    await this.#requireLocal(partner, names, signal)
    await this.#sender.truncate(partner, names, size, signal)
  }

  async rename(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<Renamed> {
    const isBundle = this.#isBundle(partner, from)
    if (!isBundle) await this.#requireLocal(partner, from, signal, 'EBUSY')
    const replaced = await this.#rowNow(partner, to, signal)
    if (!isBundle && !replaced) await this.#mustBeNoFolder(partner, to, signal)
    await this.#sender.rename(partner, from, to, signal)
    return { isPacked: isBundle }
  }

  async unlink(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    await this.#requireLocal(partner, names, signal)
    await this.#sender.unlink(partner, names, signal)
  }

  async mkdir(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    if (names.length === 0) throw new FsError('EEXIST', 'send/ is there already.')
    const taken =
      (await this.#rowNow(partner, names, signal)) ??
      (this.#isBundle(partner, names) || (await this.#submitted.lookup(partner, names, signal)))
    if (taken) throw new FsError('EEXIST', `${names.join('/')} is there already.`)
    await this.#sender.mkdir(partner, names, signal)
  }

  async rmdir(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    if (names.length === 0) throw new FsError('EPERM', 'send/ is always there.')
    if (this.#isBundle(partner, names)) return this.#sender.rmdir(partner, names, signal)
    if (this.#sender.row(partner, names)) throw new FsError('ENOTDIR', `${names.join('/')} is a file.`)
    const entry = await this.#submitted.lookup(partner, names, signal)
    if (!entry) throw absent(names)
    throw new FsError('EPERM', `${names.join('/')} is in the bucket, where nothing is ever deleted.`)
  }

  async setMtime(partner: Partner, names: readonly Name[], mtime: EpochMs, signal: CancelSignal): Promise<void> {
    const row = this.#sender.row(partner, names)
    if (row && row.state !== 'submitted') return this.#sender.setMtime(partner, names, mtime, signal)
    // A submitted file and a folder have nothing to set: accepted, as cp -p and tar expect.
    await this.getattr(partner, names, signal)
  }

  /** @see Filesystem.sizeOfOpen */
  sizeOfOpen(id: string): Bytes | undefined {
    return this.#sender.openSize(id)
  }

  /** Whether files or folders of a partner are kept here. */
  isBusy(partner: Partner): boolean {
    return this.#sender.rows(partner).length > 0 || this.#sender.folders(partner).length > 0
  }

  #isBundle(partner: Partner, names: readonly Name[]): boolean {
    return this.#sender.folders(partner).includes(names.join('/'))
  }

  #localEntries(partner: Partner, names: readonly Name[]): DirectoryEntry[] {
    const before = names.map((name) => `${name}/`).join('')
    const files = this.#sender
      .rows(partner)
      .filter((row) => row.path.startsWith(before) && !row.path.slice(before.length).includes('/'))
      // The stock binding renames what is removed while it is open.
      .filter((row) => !isHiddenName(row.path))
      .map((row) => ({ ...this.#rowAttributes(row), name: row.path.slice(before.length) }))
    const folders = this.#sender
      .folders(partner)
      .filter((path) => path.startsWith(before) && !path.slice(before.length).includes('/'))
      .map((path) => ({ ...folderAttributes(0), name: path.slice(before.length) }))
    return [...files, ...folders]
  }

  #rowAttributes(row: SendRow): Attributes {
    const mode = row.state === 'submitted' ? 0o444 : 0o644
    return { kind: 'file', mode, size: row.size, mtime: row.mtime, identity: row.id }
  }

  /** @throws FsError ENOENT where there is no such file, `busyAs` where it is in the bucket already */
  async #requireLocal(
    partner: Partner,
    names: readonly Name[],
    signal: CancelSignal,
    busyAs: 'EPERM' | 'EBUSY' = 'EPERM',
  ): Promise<void> {
    if (this.#sender.row(partner, names)) return
    if (busyAs === 'EPERM') await this.#mustBeNoFolder(partner, names, signal)
    if (!(await this.#submitted.lookup(partner, names, signal))) throw absent(names)
    throw new FsError(busyAs, `${names.join('/')} is submitted already: the gateway has it.`)
  }

  /** @throws FsError EISDIR for `send/`, for a folder that was made here, and for one in the bucket */
  async #mustBeNoFolder(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    if (names.length === 0 || this.#isBundle(partner, names)) throw folder(names)
    if ((await this.#submitted.lookup(partner, names, signal))?.kind === 'folder') throw folder(names)
  }

  /** The row of a name: of a submitted one, unless the bucket says that the gateway took it. */
  async #rowNow(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<SendRow | undefined> {
    const row = this.#sender.row(partner, names)
    if (row?.state !== 'submitted') return row
    await this.#submitted.tree(partner, signal)
    return this.#sender.row(partner, names)
  }
}

/** Attributes of `send/` and of the folders made in it. */
function folderAttributes(mtime: EpochMs): Attributes {
  return { kind: 'folder', mode: 0o755, size: 0, mtime }
}

function absent(names: readonly Name[], details: FsErrorDetails = {}): FsError {
  return new FsError('ENOENT', `There is no ${names.join('/')} in this send/.`, details)
}

function submitted(names: readonly Name[]): FsError {
  return new FsError('EPERM', `${names.join('/')} is submitted: it can be read, not changed.`)
}

function folder(names: readonly Name[]): FsError {
  return new FsError('EISDIR', `${names.join('/') || 'send/'} is a folder.`)
}
