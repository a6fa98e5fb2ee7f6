/** Changes in a `new/`: what is taken, gets another name, is made or removed. Nothing of it costs a request. */
import type { CancelSignal } from '../../cancellation.js'
import { FsError } from '../../errors.js'
import type { MadeNumber, NewPath } from '../../taking/marks.js'
import type { Taking } from '../../taking/taking.js'
import type { Bytes, EpochMs, Name } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import type { FileDescription } from '../file-description.js'
import { pathOf, type Finder, type Found } from './found.js'
import { newFileMode, unchangeable, type NewFolder } from './new-folder.js'

const permissions = 0o7777

export class NewChanges {
  readonly #taking: Taking
  readonly #finder: Finder
  readonly #folder: NewFolder

  constructor(options: { readonly taking: Taking; readonly finder: Finder; readonly folder: NewFolder }) {
    this.#taking = options.taking
    this.#finder = options.finder
    this.#folder = options.folder
  }

  create(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<FileDescription> {
    return this.#alone(partner, names, async (path) => {
      await this.#requireFree(partner, names, signal)
      const number = await this.#taking.made.make()
      try {
        await this.#taking.change(partner, { link: number, as: path }, false)
      } catch (error) {
        await this.#taking.made.nameless(number)
        throw error
      }
      return this.#folder.openMade(number)
    })
  }

  /** Of a file of the inbox: it is taken. */
  unlink(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    return this.#alone(partner, names, async (path) => {
      const found = await this.#finder.get(partner, names, 'known-or-fresh', signal)
      if (found.kind === 'folder') throw new FsError('EISDIR', `${path} is a folder.`)
      if (found.kind === 'inbox') return this.#taking.change(partner, { take: found.id })
      await this.#taking.change(partner, { unlink: path }, false)
      await this.#forgetNameless(partner, found.number)
    })
  }

  rename(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<void> {
    return this.#alone(partner, from, async (path) => {
      if (from.length === 0) throw new FsError('EBUSY', 'new/ is always there.')
      requireNames(to)
      const source = await this.#finder.get(partner, from, 'known-or-fresh', signal)
      const target = pathOf(to)
      if (target === path) return
      await this.#finder.requireParent(partner, to, signal)
      const replaced = await this.#finder.find(partner, to, 'known', signal)
      if (source.kind === 'folder') return this.#moveFolder(partner, path, target, replaced)
      if (isSame(source, replaced)) return
      if (replaced?.kind === 'folder') throw new FsError('EISDIR', `${target} is a folder.`)
      if (replaced?.kind === 'inbox') {
        throw new FsError('EEXIST', `${target} was received, too: remove it first, if it is to be taken.`)
      }
      if (source.kind === 'made') await this.#taking.change(partner, { move: path, to: target }, false)
      else await this.#claim(partner, source, target)
      if (replaced) await this.#forgetNameless(partner, replaced.number)
    })
  }

  mkdir(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    return this.#alone(partner, names, async (mkdir) => {
      await this.#requireFree(partner, names, signal)
      await this.#taking.change(partner, { mkdir }, false)
    })
  }

  rmdir(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    return this.#alone(partner, names, async (rmdir) => {
      if (names.length === 0) throw new FsError('EPERM', 'new/ is always there.')
      const found = await this.#finder.get(partner, names, 'known-or-fresh', signal)
      if (found.kind !== 'folder') throw new FsError('ENOTDIR', `${rmdir} is a file.`)
      this.#requireEmpty(partner, rmdir)
      await this.#taking.change(partner, { rmdir }, false)
    })
  }

  /** Of a file that a program has made: one more name. */
  link(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<void> {
    return this.#alone(partner, to, async (as) => {
      const source = await this.#finder.get(partner, from, 'known-or-fresh', signal)
      if (source.kind !== 'made') throw new FsError('EPERM', `${pathOf(from)} can't have a second name.`)
      await this.#requireFree(partner, to, signal)
      await this.#taking.change(partner, { link: source.number, as }, false)
    })
  }

  async truncate(partner: Partner, names: readonly Name[], size: Bytes, signal: CancelSignal): Promise<void> {
    const found = await this.#finder.get(partner, names, 'known-or-fresh', signal)
    if (found.kind === 'folder') throw new FsError('EISDIR', `${pathOf(names)} is a folder.`)
    if (found.kind === 'inbox') throw unchangeable(found.object.key)
    await this.#taking.made.truncate(found.number, size)
  }

  /** Of what was received the time stays that of its arrival. */
  async setMtime(partner: Partner, names: readonly Name[], mtime: EpochMs, signal: CancelSignal): Promise<void> {
    const found = await this.#finder.get(partner, names, 'known-or-fresh', signal)
    if (found.kind === 'made') await this.#taking.made.setMtime(found.number, mtime)
  }

  /** Of a folder it is accepted, without effect. */
  async setMode(partner: Partner, names: readonly Name[], mode: number, signal: CancelSignal): Promise<void> {
    const found = await this.#finder.get(partner, names, 'known-or-fresh', signal)
    if (found.kind === 'folder') return
    const owner = found.kind === 'inbox' ? found.id : (`#${found.number}` as const)
    const known = this.#taking.of(partner).modes.get(owner) ?? newFileMode
    if (known === (mode & permissions)) return
    await this.#taking.change(partner, { chmod: owner, mode: mode & permissions }, found.kind === 'inbox')
  }

  async #claim(partner: Partner, { id, position, shown }: Found & { kind: 'inbox' }, target: NewPath): Promise<void> {
    // Under the name that it would have by itself nothing needs to be remembered of it.
    const isOwn = shown.ownName(position) === target && this.#taking.of(partner).nameOf(id) !== undefined
    await this.#taking.change(partner, isOwn ? { unname: id } : { name: id, as: target })
  }

  async #moveFolder(partner: Partner, from: NewPath, to: NewPath, replaced: Found | undefined): Promise<void> {
    if (to.startsWith(`${from}/`)) throw new FsError('EINVAL', `${to} is in ${from}.`)
    if (replaced && replaced.kind !== 'folder') throw new FsError('ENOTDIR', `${to} is a file.`)
    if (replaced) this.#requireEmpty(partner, to)
    await this.#taking.change(partner, { move: from, to })
  }

  /** Also of what the bucket does not show now, as it may again. */
  #requireEmpty(partner: Partner, folder: NewPath): void {
    if (this.#taking.of(partner).isIn(folder)) throw new FsError('ENOTEMPTY', `${folder} has files in it.`)
  }

  async #requireFree(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    requireNames(names)
    await this.#finder.requireParent(partner, names, signal)
    if (await this.#finder.find(partner, names, 'known', signal)) {
      throw new FsError('EEXIST', `${pathOf(names)} is there already.`)
    }
  }

  async #forgetNameless(partner: Partner, number: MadeNumber): Promise<void> {
    if (this.#taking.of(partner).linksOf(number) === 0) await this.#taking.made.nameless(number)
  }

  #alone<T>(partner: Partner, names: readonly Name[], act: (path: NewPath) => Promise<T>): Promise<T> {
    return this.#taking.alone(partner, async () => {
      await this.#taking.mustBeSure()
      return act(pathOf(names))
    })
  }
}

function requireNames(names: readonly Name[]): void {
  if (names.length === 0) throw new FsError('EEXIST', 'new/ is there already.')
}

function isSame(one: Found, other: Found | undefined): boolean {
  if (one.kind === 'made') return other?.kind === 'made' && other.number === one.number
  return one.kind === 'inbox' && other?.kind === 'inbox' && other.id === one.id
}
