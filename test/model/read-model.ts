/**
 * What may be shown of a bucket, exactly: within the ttl what is so or was, after it what is so; in an outage what was known;
 * never a half of two, never another file's bytes, never a failure for what is absent.
 */
import type { FsError } from '../../src/errors.js'
import type { Attributes } from '../../src/fs/filesystem.js'
import type { Entry, FileEntry } from '../../src/listing/listing.js'
import type { Sender } from '../../src/send/sender.js'
import type { Milliseconds, Name } from '../../src/units.js'
import { idle } from '../helpers/played-clock.js'
import type { Action, Change, Scenario, Where } from './read-actions.js'
import { messageFolder } from './read-actions.js'
import { Expectations, type Window } from './read-expectations.js'
import { History, type BucketState, type Version } from './read-history.js'
import { firstView, roots, views, type View } from './read-views.js'
import { limits, ReadWorld } from './read-world.js'

type Look = Extract<Action, { do: 'getattr' | 'readdir' | 'open' }>

/** What a call came to. */
type Outcome<T> =
  { readonly value: T; readonly code?: undefined } | { readonly code: string; readonly value?: undefined }

interface Shown {
  readonly name: string
  readonly kind: 'file' | 'folder'
  readonly size: number
  readonly mtime: number
}

interface OpenHandle {
  readonly handle: number
  /** What it may be a version of. */
  versions: readonly Version[]
}

interface Place {
  readonly view: View
  readonly names: readonly Name[]
  readonly path: string
}

/** @returns what went wrong, one sentence each */
export async function run(scenario: Scenario, sender: Sender): Promise<string[]> {
  const world = await ReadWorld.make(sender, scenario.pageLimit)
  try {
    return await new ReadModel(world, scenario).run()
  } finally {
    await world.close()
  }
}

class ReadModel {
  readonly #world: ReadWorld
  readonly #scenario: Scenario
  readonly #history = new History()
  readonly #expected: Expectations
  readonly #handles: OpenHandle[] = []
  readonly #problems: string[] = []
  #step = ''

  constructor(world: ReadWorld, scenario: Scenario) {
    this.#world = world
    this.#scenario = scenario
    this.#expected = new Expectations(this.#history, world, scenario.messages > 0 ? firstView : undefined)
  }

  async run(): Promise<string[]> {
    this.#fill(this.#scenario.messages)
    for (const [i, action] of this.#scenario.actions.entries()) {
      this.#step = `${i}: ${JSON.stringify(action)}`
      await this.#do(action)
      if (this.#problems.length > 0) return this.#problems
    }
    this.#step = 'in the end'
    await this.#end()
    return this.#problems
  }

  /** Messages that came one a minute. */
  #fill(count: number): void {
    const { clock } = this.#world
    const messages = Array.from({ length: count }, (_, n) => {
      const mtime = clock.now() - (count - n) * 60_000
      return this.#history.version(`AS2/files/A/B/inbox/${messageFolder(n)}/a`, 5, mtime)
    })
    this.#put(...messages)
  }

  async #do(action: Action): Promise<void> {
    switch (action.do) {
      case 'put':
      case 'replace':
      case 'delete':
        this.#change(action)
        return
      case 'wait':
        return this.#world.clock.advance(action.ms)
      case 'outage':
        if (this.#expected.beginOutage(action.kind)) this.#world.begin(action.kind)
        return
      case 'heal':
        this.#expected.endOutage()
        await this.#world.heal()
        return
      case 'deny':
        this.#deny(this.#nthView(action.view))
        return
      case 'allow':
        this.#deny(undefined)
        return
      case 'getattr':
      case 'readdir':
      case 'open':
        return this.#look(action)
      case 'partners':
        return this.#partners()
      case 'read':
        return this.#read(action)
      case 'close':
        return this.#close(action.nth)
    }
  }

  #deny(view: View | undefined): void {
    this.#expected.deny(view)
    this.#world.deny(view?.prefix)
  }

  /** Everything is well again, and time has passed: all is shown as it is. */
  async #end(): Promise<void> {
    await this.#do({ do: 'heal' })
    await this.#do({ do: 'allow' })
    await this.#world.clock.advance(limits.reconcile + limits.ttl)
    // The first look begins the comparison with the whole, after the ttl the next one has what it found.
    await this.#readdirAll()
    await this.#partners()
    await this.#world.clock.advance(limits.ttl + 1)
    this.#expected.isOver = true
    await this.#readdirAll()
    for (const nth of this.#history.now.objects.size > 50 ? [0] : [...this.#history.now.objects.keys()].keys()) {
      await this.#look({ do: 'open', where: { at: 'key', nth, names: 9 } })
      const last = this.#handles.length - 1
      if (last >= 0) await this.#read({ do: 'read', nth: last, from: 0, length: 1_000_000 })
    }
    for (const { handle } of this.#handles) await this.#world.fs.release(handle)
  }

  async #readdirAll(): Promise<void> {
    for (const nth of this.#scenario.views.keys()) await this.#look({ do: 'readdir', where: { at: 'view', view: nth } })
  }

  /** @returns the key that is another now */
  #change(change: Change): string | undefined {
    const { clock, store } = this.#world
    if (change.do === 'put') {
      const prefix = this.#nthView(change.view).prefix
      const key = prefix + change.rest
      if (Buffer.byteLength(key) > 1_024) return undefined
      this.#put(this.#history.version(key, change.size, clock.now()))
      return key
    }
    const key = this.#nthKey(change.nth)
    if (key === undefined) return undefined
    if (change.do === 'replace') {
      this.#put(this.#history.version(key, change.size, clock.now()))
      return key
    }
    store.delete(key)
    this.#history.delete(key, clock.monotonic())
    return key
  }

  #put(...versions: readonly Version[]): void {
    const { store, clock } = this.#world
    for (const { key, bytes, mtime, etag } of versions) store.set(key, bytes, mtime, etag)
    this.#history.put(versions, clock.monotonic())
  }

  #nthView(nth: number): View {
    const among = this.#scenario.views
    return views[among[nth % among.length] ?? 0] ?? firstView
  }

  #nthKey(nth: number): string | undefined {
    const keys = [...this.#history.now.objects.keys()]
    return keys[keys.length - 1 - (nth % Math.max(1, keys.length))]
  }

  #place(where: Where): Place | undefined {
    if (where.at === 'view') {
      const view = this.#nthView(where.view)
      return placeOf(view, where.name === undefined ? [] : [where.name as Name])
    }
    const key = this.#nthKey(where.nth)
    const view =
      key === undefined ? undefined : views.filter((it) => key.startsWith(it.prefix)).at(where.nth % 2 === 0 ? 0 : -1)
    if (key === undefined || !view) return undefined
    const path = pathIn(this.#expected.shownNow(view), key) ?? (key.slice(view.prefix.length).split('/') as Name[])
    const names = path.slice(0, where.names)
    return placeOf(view, where.name === undefined ? names : [...names.slice(0, -1), where.name as Name])
  }

  async #look(look: Look): Promise<void> {
    const place = this.#place(look.where)
    if (!place) return
    const { during } = look
    if (during) {
      this.#world.atNextList = () => {
        const key = this.#change(during)
        if (key !== undefined) this.#expected.noteMixed(key)
      }
    }
    switch (look.do) {
      case 'getattr':
        await this.#getattr(place)
        break
      case 'readdir':
        await this.#readdir(place)
        break
      case 'open':
        await this.#open(place)
        break
    }
    this.#world.atNextList = undefined
  }

  async #getattr({ view, names, path }: Place): Promise<void> {
    const { outcome, window } = await this.#call(view, names, (signal) => this.#world.fs.getattr(path, signal))
    const found = outcome.value ? shownOf('', outcome.value) : outcome.code
    if (names.length === 0 && outcome.value) {
      if (outcome.value.kind !== 'folder' || !this.#expected.mayBeThere(view)) this.#problem(`${path} is shown`)
    } else this.#check(`getattr of ${path}`, place(view, names), window, outcome, (entry) => isSame(found, entry))
  }

  async #readdir({ view, names, path }: Place): Promise<void> {
    const { outcome, window } = await this.#call(view, names, async (signal) => [
      ...(await this.#world.fs.readdir(path, signal)),
    ])
    const entries = outcome.value?.map((it) => shownOf(it.name, it))
    const what = `readdir of ${path}`
    if (window.isRelaxed && entries) this.#checkRelaxed(what, { view, names, path }, window, entries)
    else {
      this.#checkWith(what, view, window, outcome, (shown) => {
        const wanted = shown.readdir(names)
        if (!entries || !wanted) return !wanted && outcome.code === (shown.lookup(names) ? 'ENOTDIR' : 'ENOENT')
        const order = (them: readonly Shown[]) =>
          view.kind === 'plain' && !path.includes('/mdn/') ? them : sorted(them)
        return equal(order(entries), order(wanted.map((it) => shownOf(it.name, it))))
      })
    }
    if (!entries || !window.isHealthy || this.#problems.length > 0 || names.length > 0) return
    this.#expected.noteShown(view, window.asked)
    for (const entry of entries.slice(0, 5)) await this.#agrees(`${path}/${entry.name}`, entry)
  }

  /** What is listed is there, and is what it is listed as. */
  async #agrees(path: string, entry: Shown): Promise<void> {
    const { clock, fs } = this.#world
    const getattr = outcomeOf(fs.getattr(path, clock.timeout(limits.opTimeout)))
    await clock.play(getattr, limits.opTimeout + 1)
    const { value, code } = await getattr
    const found = value && shownOf(entry.name, value)
    if (!found || !equal([found], [entry]))
      this.#problem(`${path} is listed as ${text(entry)}, but is ${text(found ?? code)}`)
  }

  async #open({ view, names, path }: Place): Promise<void> {
    const { fs } = this.#world
    const request = { write: false, truncate: false }
    const { outcome, window } = await this.#call(view, names, (signal) => fs.open(path, request, signal))
    const { handle, content } = outcome.value ?? {}
    const version = typeof content === 'object' ? content.version : undefined
    const versions: Version[] = []
    const isRight = (entry: Entry | undefined): boolean => {
      if (outcome.value === undefined)
        return outcome.code === (entry?.kind === 'folder' ? 'EISDIR' : entry ? '' : 'ENOENT')
      if (entry?.kind !== 'file') return false
      const wanted = entry as FileEntry & Version
      if (version !== undefined && version !== [wanted.key, wanted.etag, wanted.size, wanted.mtime].join(' '))
        return false
      versions.push(wanted)
      return true
    }
    if (names.length === 0 && outcome.code === 'EISDIR') return
    this.#check(`open of ${path}`, place(view, names), window, outcome, isRight)
    if (handle !== undefined) this.#handles.push({ handle, versions })
  }

  async #read({ nth, from, length }: Extract<Action, { do: 'read' }>): Promise<void> {
    const open = this.#handles[nth % Math.max(1, this.#handles.length)]
    if (!open) return
    const { clock, fs } = this.#world
    const asked = clock.monotonic()
    const read = outcomeOf(
      fs.read(open.handle, from, length, clock.timeout(limits.opTimeout)).then((it) => Buffer.from(it)),
    )
    const took = await this.#play('read', read)
    if (took === undefined) return
    const { value, code } = await read
    if (value) {
      const versions = open.versions.filter((it) => it.bytes.subarray(from, from + length).equals(value))
      if (versions.length === 0)
        this.#problem(`${value.length} bytes of ${open.versions[0]?.key} are not those of the version that was opened`)
      open.versions = versions
      return
    }
    if (this.#expected.mayFail(undefined, asked, code)) return
    const [version] = open.versions
    const since = version && this.#history.versionsWithin(version.key, asked - 2_000, asked)
    const isGone = since?.has(undefined)
    const isReplaced = since && [...since].some((it) => it && it.etag !== version.etag)
    if (!(code === 'ENOENT' && isGone) && !(code === 'ESTALE' && isReplaced))
      this.#problem(`read of ${version?.key}: ${code}`)
    if (version) this.#expected.noteCorrected(version.key, asked, code === 'ENOENT')
    await idle()
  }

  async #close(nth: number): Promise<void> {
    const at = nth % Math.max(1, this.#handles.length)
    const [open] = this.#handles.splice(at, 1)
    if (open) await this.#world.fs.release(open.handle)
  }

  /** Which stations and partners there are, and whether a partner has a `failed/`. */
  async #partners(): Promise<void> {
    const has = (prefix: string) => (state: BucketState) => state.hasBelow(prefix)
    const hasIn = (rest: string) => (state: BucketState) => roots.some((root) => state.hasBelow(root + rest))
    await this.#has('/', '.as2fs', () => true)
    await this.#has('/', 'A', () => true)
    await this.#has('/', '%2E%2E', hasIn('../'))
    await this.#has('/A', 'B', () => true)
    await this.#has('/A', 'C', hasIn('A/C/'))
    await this.#has('/A/B', 'failed', has('AS2/files/A/B/failed/'))
    await this.#has('/A/B', 'send', () => true)
    await this.#has('/A/B/mdn', 'incoming', () => true)
  }

  async #has(folder: string, name: string, isIn: (state: BucketState) => boolean): Promise<void> {
    const { clock, fs } = this.#world
    const asked = clock.monotonic()
    const listed = outcomeOf(
      fs.readdir(folder, clock.timeout(limits.opTimeout)).then((it) => [...it].map((entry) => entry.name)),
    )
    if ((await this.#play(`readdir of ${folder}`, listed)) === undefined) return
    const { value, code } = await listed
    const isRight = value
      ? this.#expected.mayHave(isIn, value.includes(name), asked)
      : this.#expected.mayFail(undefined, asked, code)
    if (!isRight)
      this.#problem(value ? `${folder} shows ${value.includes(name) ? '' : 'no '}${name}` : `${folder}: ${code}`)
  }

  async #call<T>(
    view: View,
    names: readonly Name[],
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ outcome: Outcome<T>; window: Window }> {
    const { clock } = this.#world
    const asking = this.#expected.asking(view, names)
    const calling = outcomeOf(call(clock.timeout(limits.opTimeout)))
    const took = await this.#play(`a look at ${view.path}/${names.join('/')}`, calling)
    const outcome = took === undefined ? { code: 'no answer' } : await calling
    const window = asking.answered()
    if (outcome.value !== undefined && view.pair) this.#expected.noteSeen(view.pair)
    return { outcome, window }
  }

  /** @returns how long it took; undefined: too long, which is a problem */
  async #play(what: string, call: Promise<unknown>): Promise<Milliseconds | undefined> {
    try {
      return await this.#world.clock.play(call, limits.opTimeout)
    } catch (error) {
      this.#problem(`${what}: ${(error as Error).message}`)
      return undefined
    }
  }

  #check(
    what: string,
    { view, names }: Pick<Place, 'view' | 'names'>,
    window: Window,
    outcome: Outcome<unknown>,
    isRight: (entry: Entry | undefined) => boolean,
  ): void {
    this.#checkWith(what, view, window, outcome, (shown) => isRight(shown.lookup(names)))
  }

  #checkWith(
    what: string,
    view: View,
    window: Window,
    outcome: Outcome<unknown>,
    isRight: (shown: ReturnType<View['show']>) => boolean,
  ): void {
    if (outcome.code !== undefined && window.mayFailWith(outcome.code)) return
    let isFound = false
    // All of them: whatever may have been opened is remembered.
    for (const shown of this.#expected.candidates(view, window)) if (isRight(shown)) isFound = true
    if (isFound) return
    const of = outcome.code ?? text(outcome.value)
    this.#problem(`${what}: ${of}, which it was not at any moment that may be shown (${window.from} to ${window.to})`)
  }

  /** Of a view whose new keys are looked for behind the known ones. */
  #checkRelaxed(what: string, { view, names }: Place, window: Window, entries: readonly Shown[]): void {
    const shown = new Set(entries.map((it) => it.name))
    // Most are as they are now.
    const all = [...this.#expected.candidates(view, window)].reverse()
    const at = (it: (typeof all)[number], name: string) => it.lookup([...names, name as Name])
    for (const entry of entries) {
      const wasSo = all.some((it) => isSame({ ...entry, name: '' }, at(it, entry.name)))
      if (!wasSo) this.#problem(`${what}: ${text(entry)}, which was not there since the whole was listed`)
    }
    for (const { name } of all[0]?.readdir(names) ?? []) {
      const wasThere = !shown.has(name) && all.every((it) => at(it, name))
      if (wasThere) this.#problem(`${what}: lacks ${name}, which was there all the time`)
    }
    if (names.length > 0 || !window.isHealthy) return
    for (const key of this.#expected.orderly(view, window.asked)) {
      const [first = ''] = key.slice(view.prefix.length).split('/')
      if (/^\d+$/.test(first) && !shown.has(first)) this.#problem(`${what}: lacks ${first}, which came in order`)
    }
  }

  #problem(what: string): void {
    this.#problems.push(`${this.#step}, at ${this.#world.clock.monotonic()}: ${what}`)
  }
}

function place(view: View, names: readonly Name[]): Pick<Place, 'view' | 'names'> {
  return { view, names }
}

function placeOf(view: View, names: readonly Name[]): Place | undefined {
  // What no call of the kernel ever has in it.
  if (names.some((it) => it === '' || it === '.' || it === '..' || Buffer.byteLength(it) > 255)) return undefined
  return { view, names, path: [view.path, ...names].join('/') }
}

/** Where a key is shown. */
function pathIn(shown: ReturnType<View['show']>, key: string, at: readonly Name[] = []): Name[] | undefined {
  for (const entry of shown.readdir(at) ?? []) {
    const path = [...at, entry.name]
    if (entry.kind === 'file' && entry.key === key) return path
    const inner = entry.kind === 'folder' ? pathIn(shown, key, path) : undefined
    if (inner) return inner
  }
  return undefined
}

async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call }
  } catch (error) {
    return { code: (error as Partial<FsError>).code ?? String(error) }
  }
}

/** The time of a folder may be that of what was seen of it. */
function shownOf(name: string, { kind, mtime, ...rest }: Attributes | Entry): Shown {
  const size = 'size' in rest ? rest.size : 0
  return { name, kind, size: kind === 'file' ? size : 0, mtime: kind === 'file' ? mtime : 0 }
}

function isSame(found: Shown | string, entry: Entry | undefined): boolean {
  if (!entry || typeof found === 'string') return !entry && found === 'ENOENT'
  return equal([found], [shownOf('', entry)])
}

function equal(some: readonly Shown[], others: readonly Shown[]): boolean {
  const isEqual = (a: Shown, b: Shown | undefined) =>
    a.name === b?.name && a.kind === b.kind && a.size === b.size && a.mtime === b.mtime
  return some.length === others.length && some.every((it, i) => isEqual(it, others[i]))
}

function sorted(entries: readonly Shown[]): Shown[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))
}

function text(value: unknown): string {
  return (JSON.stringify(value) as string | undefined)?.slice(0, 500) ?? 'nothing'
}
