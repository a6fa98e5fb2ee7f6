/** What programs do in the model of a `new/`, each as the kernel would ask for it, and what must come of it. */
import { flatName } from '../../src/view/flat-name.js'
import type { History, Version } from './read-history.js'
import type { Deed, Which } from './read-new-actions.js'
import { Lookup, pathAt, type Found, type LookupOptions } from './read-new-lookup.js'
import { identityOf } from './read-new-marks.js'
import type { NewShown } from './read-new-view.js'
import { limits } from './read-tree.js'

export interface DeedsOptions extends LookupOptions {
  readonly history: History
  /** As the journal of the daemon has it. */
  readonly isTaken: (version: Version) => boolean
  /** Whether a call may fail so for want of the bucket. */
  readonly mayFail: (code: string) => boolean
}

const partner = 'A/B'

export class Deeds {
  readonly #options: DeedsOptions
  readonly #lookup: Lookup
  #raced = 0

  constructor(options: DeedsOptions) {
    this.#options = options
    this.#lookup = new Lookup(options)
  }

  async do(deed: Deed): Promise<void> {
    switch (deed.do) {
      case 'remove':
        return this.#withPath(deed.which, (path) => this.#remove(path))
      case 'rename':
        return this.#withPath(deed.which, (path) => this.#rename(path, deed.to))
      case 'race':
        return this.#withPath(deed.which, (path) => this.#race(path, deed.to))
      case 'mkdir':
        return this.#mkdir(deed.path)
      case 'make':
        return this.#make(deed.path, deed.size)
      case 'link':
        return this.#withPath(deed.which, (path) => this.#link(path, deed.to))
      case 'chmod':
        return this.#withPath(deed.which, (path) => this.#chmod(path, deed.mode))
      case 'reset':
        await this.#call('reset', (signal) => this.#options.world.tree.overview.reset(partner, signal), [undefined])
        {
          this.#options.marks.reset()
          return
        }
      case 'take-all':
        return this.#takeAll()
    }
  }

  /** What is there now as it should be shown. */
  get now(): NewShown {
    const { history, view } = this.#options
    return view.show(history.now.below(view.prefix))
  }

  pathOf(which: Which): string | undefined {
    if ('path' in which) return which.path
    const paths = [...this.now.entries.keys()]
    return paths[which.nth % Math.max(1, paths.length)]
  }

  async #withPath(which: Which, act: (path: string) => Promise<void>): Promise<void> {
    const path = this.pathOf(which)
    if (path !== undefined) await act(path)
  }

  async #remove(path: string): Promise<void> {
    const { world, marks } = this.#options
    const found = await this.#lookup.at(path)
    if (!found || found === 'unknown') return
    if (found.kind === 'folder') {
      const wanted = marks.isIn(path) ? 'ENOTEMPTY' : undefined
      if (await this.#call(`rmdir ${path}`, (signal) => world.fs.rmdir(pathAt(path), signal), [wanted]))
        marks.remove(path)
      return
    }
    // What is known of the inbox will do: it fails for nothing that the bucket does.
    await this.#call(`unlink ${path}`, (signal) => world.fs.unlink(pathAt(path), signal), [undefined])
    this.#removed(path, found)
  }

  async #rename(path: string, wanted: string | undefined): Promise<void> {
    const { world } = this.#options
    const [source, to] = [await this.#lookup.at(path), this.#target(path, wanted)]
    if (!source || source === 'unknown' || !this.#hasParent(to)) return
    const target = to === path ? source : await this.#lookup.at(to)
    if (target === 'unknown') return
    const refusal = this.#refusal(path, source, to, target)
    const what = `rename ${path} to ${to}`
    if (await this.#call(what, (signal) => world.fs.rename(pathAt(path), pathAt(to), signal), [refusal]))
      this.#renamed(path, source, to)
  }

  /** @returns the code with which a rename is refused */
  #refusal(path: string, source: Found, to: string, target: Found | undefined): string | undefined {
    if (to === path) return undefined
    if (source.kind === 'folder') {
      if (to.startsWith(`${path}/`)) return 'EINVAL'
      if (target && target.kind !== 'folder') return 'ENOTDIR'
      return target && this.#options.marks.isIn(to) ? 'ENOTEMPTY' : undefined
    }
    if (target?.kind === 'folder') return 'EISDIR'
    if (target?.kind === 'made' && source.kind === 'made' && target.file === source.file) return undefined
    return target?.kind === 'inbox' ? 'EEXIST' : undefined
  }

  async #race(path: string, targets: readonly (string | undefined)[]): Promise<void> {
    const { world, calls } = this.#options
    const found = await this.#lookup.at(path)
    if (!found || found === 'unknown' || found.kind !== 'inbox' || this.#hasNamesake(path, found)) return
    const tos = targets.map((it) => (it === undefined ? undefined : `raced-${(this.#raced += 1)}`))
    const tries = tos.map((to) =>
      calls.outcome<unknown>((signal) =>
        to === undefined ? world.fs.unlink(pathAt(path), signal) : world.fs.rename(pathAt(path), pathAt(to), signal),
      ),
    )
    const outcomes = await calls.played(`two that want ${path}`, Promise.all(tries))
    const won = outcomes?.flatMap(({ code }, i) => (code === undefined ? [i] : [])) ?? []
    const [winner = -1, second] = won
    if (!outcomes || winner < 0 || second !== undefined) {
      calls.problem(`of two that wanted ${path}: ${JSON.stringify(outcomes)}`)
      return
    }
    const loser = outcomes[1 - winner]?.code ?? ''
    if (loser !== 'ENOENT' && !this.#options.mayFail(loser)) calls.problem(`who lost ${path} was told ${loser}`)
    const to = tos[winner]
    if (to === undefined) this.#removed(path, found)
    else this.#renamed(path, found, to)
  }

  /** When one is gone, the other may have its name. */
  #hasNamesake(path: string, { id }: Found & { kind: 'inbox' }): boolean {
    const { history, view } = this.#options
    const all = history.now.below(view.prefix).filter((it) => flatName(it.key.slice(view.prefix.length)) === path)
    return all.some((it) => identityOf(it) !== id)
  }

  async #mkdir(path: string): Promise<void> {
    const { world, marks } = this.#options
    if (!this.#hasParent(path) || (await this.#lookup.at(path)) !== undefined) return
    if (await this.#call(`mkdir ${path}`, (signal) => world.fs.mkdir(pathAt(path), signal), [undefined]))
      marks.mkdir(path)
  }

  /** As pollers do with O_EXCL. */
  async #make(path: string, size: number): Promise<void> {
    const { world, marks, calls } = this.#options
    if (!this.#hasParent(path) || (await this.#lookup.at(path)) !== undefined) return
    const bytes = Buffer.alloc(size, `${path} `)
    const mtime = world.clock.now()
    const made = async (signal: AbortSignal): Promise<void> => {
      const handle = await world.fs.create(pathAt(path), signal)
      await world.fs.write(handle, bytes, 0, signal)
      await world.fs.release(handle)
      await world.fs.utimens(pathAt(path), { mtime }, signal)
    }
    if (!(await this.#call(`make ${path}`, made, [undefined]))) return
    marks.make(path, { size, mtime, bytes })
    const again = await calls.played(
      path,
      calls.outcome((signal) => world.fs.create(pathAt(path), signal)),
    )
    if (again?.code !== 'EEXIST') calls.problem(`${path} is made twice`)
  }

  async #link(path: string, to: string): Promise<void> {
    const { world, marks } = this.#options
    const found = await this.#lookup.at(path)
    if (!found || found === 'unknown' || found.kind === 'folder' || !this.#hasParent(to)) return
    const target = await this.#lookup.at(to)
    if (target) return
    const wanted = found.kind === 'made' ? undefined : 'EPERM'
    if (
      await this.#call(`link ${path} to ${to}`, (signal) => world.fs.link(pathAt(path), pathAt(to), signal), [wanted])
    )
      if (found.kind === 'made') marks.make(to, found.file)
  }

  async #chmod(path: string, mode: number): Promise<void> {
    const { world, marks } = this.#options
    const found = await this.#lookup.at(path)
    if (!found || found === 'unknown' || found.kind === 'folder') return
    await this.#call(`chmod ${path}`, (signal) => world.fs.setattr(pathAt(path), mode, signal), [undefined])
    marks.chmod(found.kind === 'made' ? found.file : found.id, mode)
  }

  /** All that was there for the whole ttl, and nothing that was not there within it. */
  async #takeAll(): Promise<void> {
    const { world, marks, calls, view, history, isTaken } = this.#options
    const now = world.clock.monotonic()
    const states = history.within(now - limits.ttl, now)
    const waiting = states.map((it) => new Set(view.show(it.below(view.prefix)).waiting.map(identityOf)))
    const taking = calls.outcome((signal) => world.tree.overview.takeAll(partner, signal))
    const outcome = await calls.played('take-all', taking)
    if (outcome?.code !== undefined && !this.#options.mayFail(outcome.code)) calls.problem(`take-all: ${outcome.code}`)
    if (!outcome || outcome.code !== undefined) return
    const versions = new Map(
      states.flatMap((it) => [...it.objects.values()].map((it) => [identityOf(it), it] as const)),
    )
    const taken = [...versions].flatMap(([id, it]) => (isTaken(it) && !marks.taken.has(id) ? [id] : []))
    for (const id of taken) if (!waiting.some((it) => it.has(id))) calls.problem(`${id} was taken, and was not there`)
    for (const id of waiting[0] ?? [])
      if (waiting.every((it) => it.has(id)) && !taken.includes(id)) calls.problem(`${id} was there, and was not taken`)
    marks.take(taken)
  }

  /** @param wanted one of these must be its code; undefined: it is done. @returns whether it was done */
  async #call(
    what: string,
    call: (signal: AbortSignal) => Promise<unknown>,
    wanted: readonly (string | undefined)[],
  ): Promise<boolean> {
    const { calls } = this.#options
    const outcome = await calls.played(what, calls.outcome(call))
    if (!outcome) return false
    if (!wanted.includes(outcome.code)) calls.problem(`${what}: ${outcome.code ?? 'done'}, not ${wanted.join(' or ')}`)
    return outcome.code === undefined
  }

  #removed(path: string, found: Found): void {
    const { marks } = this.#options
    if (found.kind === 'inbox') marks.take([found.id])
    else marks.remove(path)
  }

  #renamed(path: string, source: Found, to: string): void {
    const { marks } = this.#options
    if (to === path) return
    if (source.kind !== 'inbox') {
      if (source.kind === 'folder') marks.remove(to)
      if (source.kind !== 'made' || marks.made.get(to) !== source.file) marks.move(path, to)
      return
    }
    const wasNamed = marks.names.has(source.id)
    marks.name(source.id, wasNamed && this.#isOwn(source, to) ? undefined : to)
  }

  /** Under its own name nothing is remembered of it. */
  #isOwn({ version, id }: Found & { kind: 'inbox' }, to: string): boolean {
    const { marks } = this.#options
    const former = marks.names.get(id)
    marks.name(id, undefined)
    const own = [...this.now.ownNames].find(([it]) => identityOf(it) === identityOf(version))?.[1]
    if (former !== undefined) marks.name(id, former)
    return own === to
  }

  #target(path: string, wanted: string | undefined): string {
    if (wanted !== undefined) return wanted
    const version = this.now.versionAt(path)
    return (version && this.now.ownNames.get(version)) ?? path
  }

  #hasParent(path: string): boolean {
    const slash = path.lastIndexOf('/')
    return slash < 0 || this.#options.marks.folders.has(path.slice(0, slash))
  }
}
