/** Looks at places of views, alone or several at the same time, and whether what they show may be shown. */
import type { DirectoryEntry } from '../../src/fs/filesystem.js'
import type { Entry, FileEntry } from '../../src/listing/listing.js'
import type { Milliseconds, Name } from '../../src/units.js'
import type { Look } from './read-actions.js'
import type { Answer, Calls } from './read-calls.js'
import type { Expectations, Window } from './read-expectations.js'
import type { OpenFiles } from './read-files.js'
import type { Version } from './read-history.js'
import { KeptFolders } from './read-kept.js'
import { equal, isSame, shownEntry, sorted, text, type ShownEntry } from './read-outcome.js'
import type { Place } from './read-places.js'
import type { Shown, View } from './read-views.js'
import { limits } from './read-tree.js'
import type { ReadWorld } from './read-world.js'

export interface LooksOptions {
  readonly world: ReadWorld
  readonly expected: Expectations
  readonly calls: Calls
  readonly files: OpenFiles
}

/** What readdir has told of a folder, and of those after it. */
interface Folder {
  readonly entries: readonly ShownEntry[]
  readonly freshUntil: Milliseconds | undefined
  /** How often it was told, before that, that something changed. */
  readonly told: number
  readonly following: readonly { readonly name: Name; readonly entries: readonly ShownEntry[] }[]
}

interface Asked {
  readonly answered: Promise<unknown>
  readonly check: () => Promise<void>
}

/** More of what was listed is not looked at one by one. */
const fewEntries = 5

export class Looks {
  readonly #options: LooksOptions
  readonly #kept: KeptFolders

  constructor(options: LooksOptions) {
    this.#options = options
    this.#kept = new KeptFolders(options.world)
  }

  async at(looks: readonly { readonly kind: Look['do']; readonly place: Place }[]): Promise<void> {
    const asked = looks.map(({ kind, place }) => this.#ask(kind, place))
    const what = looks.map(({ kind, place }) => `${kind} of ${place.path}`).join(', ')
    if (!(await this.#options.calls.played(what, Promise.all(asked.map((it) => it.answered))))) return
    for (const { check } of asked) await check()
  }

  #ask(kind: Look['do'], place: Place): Asked {
    const { calls, world } = this.#options
    const { view, names, path } = place
    switch (kind) {
      case 'getattr': {
        const answered = calls.ask(view, names, (signal) => world.fs.getattr(path, signal))
        return { answered, check: async () => this.#checkAttributes(place, await answered) }
      }
      case 'readdir': {
        const answered = calls.ask(view, names, (signal) => this.#readdir(path, signal))
        return { answered, check: async () => this.#checkFolder(place, await answered) }
      }
      case 'open': {
        const request = { write: false, truncate: false }
        const answered = calls.ask(view, names, (signal) => world.fs.open(path, request, signal))
        return { answered, check: async () => this.#checkOpened(place, await answered) }
      }
    }
  }

  async #readdir(path: string, signal: AbortSignal): Promise<Folder> {
    const content = await this.#options.world.fs.readdir(path, signal)
    const { told } = this.#options.world
    const shown = (entries: Iterable<DirectoryEntry>) => [...entries].map((it) => shownEntry(it.name, it))
    const following = []
    for (const { name, entries } of content.following ?? []) {
      following.push({ name: name as Name, entries: shown(entries) })
      if (following.length === fewEntries) break
    }
    return { entries: shown(content), freshUntil: content.freshUntil, told, following }
  }

  #checkAttributes(place: Place, { outcome, window }: Answer<Parameters<typeof shownEntry>[1]>): void {
    const { expected, calls } = this.#options
    const { view, names, path } = place
    const found = outcome.value ? shownEntry('', outcome.value) : outcome.code
    if (names.length === 0 && outcome.value) {
      if (outcome.value.kind !== 'folder' || !expected.mayBeThere(view)) calls.problem(`${path} is shown`)
    } else this.#check('getattr', place, window, outcome, (shown) => isSame(found, shown.lookup(names)))
  }

  async #checkFolder(place: Place, { outcome, window }: Answer<Folder>): Promise<void> {
    const { expected, calls } = this.#options
    const { view, names, path } = place
    const folder = outcome.value
    if (folder && window.isRelaxed) this.#checkKeyByKey(place, window, folder.entries)
    else this.#checkWhole(place, { outcome, window })
    if (!folder || !window.isHealthy || calls.problems.length > 0) return
    const change = this.#kept.note(path, folder)
    if (change !== undefined) calls.problem(`${path} is another than it was kept as, and nobody was told: ${change}`)
    if (names.length > 0) return
    expected.noteShown(view, window.asked)
    for (const entry of folder.entries.slice(0, fewEntries)) await this.#agrees(`${path}/${entry.name}`, entry)
  }

  /** What may be kept till a moment is as new as what is asked for at that moment must be. */
  #checkWhole(place: Place, { outcome, window }: Answer<Folder>): void {
    const { view, names } = place
    const folder = outcome.value
    const since = window.isHealthy && folder?.freshUntil !== undefined ? folder.freshUntil - limits.ttl : -Infinity
    const keptFor = { ...window, from: Math.max(window.from, since) }
    const isOrdered = view.kind === 'plain' && view.isUnordered !== true
    const order = (them: readonly ShownEntry[]) => (isOrdered ? them : sorted(them))
    const isThat = (entries: readonly ShownEntry[], wanted: readonly Entry[] | undefined): boolean =>
      wanted !== undefined && equal(order(entries), order(wanted.map((it) => shownEntry(it.name, it))))
    this.#check('readdir', place, keptFor, outcome, (shown) => {
      const wanted = shown.readdir(names)
      if (!folder || !wanted) return !wanted && outcome.code === (shown.lookup(names) ? 'ENOTDIR' : 'ENOENT')
      const beside = names.slice(0, -1)
      return (
        isThat(folder.entries, wanted) &&
        folder.following.every((it) => isThat(it.entries, shown.readdir([...beside, it.name])))
      )
    })
  }

  /** What is listed is there, and is what it is listed as. */
  async #agrees(path: string, entry: ShownEntry): Promise<void> {
    const { calls, world } = this.#options
    const outcome = await calls.played(
      path,
      calls.outcome((signal) => world.fs.getattr(path, signal)),
    )
    if (!outcome) return
    const found = outcome.value && shownEntry(entry.name, outcome.value)
    if (found && equal([found], [entry])) return
    calls.problem(`${path} is listed as ${text(entry)}, but is ${text(found ?? outcome.code)}`)
  }

  #checkOpened(place: Place, { outcome, window }: Answer<Awaited<ReturnType<ReadWorld['fs']['open']>>>): void {
    const { names } = place
    const { handle, content } = outcome.value ?? {}
    const version = typeof content === 'object' ? content.version : undefined
    const versions: Version[] = []
    if (names.length === 0 && outcome.code === 'EISDIR') return
    this.#check('open', place, window, outcome, (shown) => {
      const entry = shown.lookup(names)
      if (!outcome.value) return outcome.code === (entry?.kind === 'folder' ? 'EISDIR' : entry ? '' : 'ENOENT')
      if (entry?.kind !== 'file') return false
      const wanted = entry as FileEntry & Version
      const own = [wanted.key, wanted.etag, wanted.size, wanted.mtime].join(' ')
      if (version !== undefined && version !== own) return false
      versions.push(wanted)
      return true
    })
    if (handle !== undefined) this.#options.files.add(handle, versions)
  }

  #check(
    what: string,
    { view, path }: Place,
    window: Window,
    outcome: Answer<unknown>['outcome'],
    isRight: (shown: Shown) => boolean,
  ): void {
    if (outcome.code !== undefined && window.mayFailWith(outcome.code)) return
    let isFound = false
    // All of them: whatever may have been opened is remembered.
    for (const shown of this.#options.expected.candidates(view, window)) if (isRight(shown)) isFound = true
    if (isFound) return
    const of = outcome.code ?? text(outcome.value)
    const moments = `at any moment that may be shown (${window.from} to ${window.to})`
    this.#options.calls.problem(`${what} of ${path}: ${of}, which it was not ${moments}`)
  }

  /** Of a view whose new keys are looked for behind the known ones. */
  #checkKeyByKey({ view, names, path }: Place, window: Window, entries: readonly ShownEntry[]): void {
    const { expected, calls } = this.#options
    const shown = new Set(entries.map((it) => it.name))
    // Most are as they are now.
    const all = [...expected.candidates(view, window)].reverse()
    const at = (it: Shown, name: string) => it.lookup([...names, name as Name])
    for (const entry of entries) {
      const wasSo = all.some((it) => isSame({ ...entry, name: '' }, at(it, entry.name)))
      if (!wasSo) calls.problem(`${path}: ${text(entry)}, which was not there since the whole was listed`)
    }
    for (const { name } of all[0]?.readdir(names) ?? []) {
      const wasThere = !shown.has(name) && all.every((it) => at(it, name))
      if (wasThere) calls.problem(`${path}: lacks ${name}, which was there all the time`)
    }
    if (names.length > 0 || !window.isHealthy) return
    for (const key of expected.orderly(view, window.asked)) {
      const first = view.firstName ? view.firstName(key) : messageIn(key, view)
      if (first !== undefined && !shown.has(first)) calls.problem(`${path}: lacks ${first}, which came in order`)
    }
  }
}

function messageIn(key: string, { prefix }: View): string | undefined {
  const [first = ''] = key.slice(prefix.length).split('/')
  return /^\d+$/.test(first) ? first : undefined
}
