/**
 * What may be shown of a `new/`, exactly: what is in the inbox, within the ttl, but for what was taken, under the names that it
 * was given; whatever others do, whatever becomes of the bucket, and over ends of the daemon.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callByCall, diskCalls } from '../../src/journal/disk-calls.js'
import { undisputed } from '../../src/ownership.js'
import type { Sender } from '../../src/send/sender.js'
import { fileId, idWords, writeId } from '../../src/taking/file-id.js'
import type { Extent } from '../../src/taking/mark-log.js'
import { Taking } from '../../src/taking/taking.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { EpochMs, Name } from '../../src/units.js'
import { Calls } from './read-calls.js'
import { Expectations } from './read-expectations.js'
import { OpenFiles } from './read-files.js'
import { History, type Version } from './read-history.js'
import { Looks } from './read-looks.js'
import type { NewAction, NewScenario } from './read-new-actions.js'
import { Arrivals } from './read-new-arrivals.js'
import { Deeds } from './read-new-deeds.js'
import { identityOf, NewMarks } from './read-new-marks.js'
import { newView, type NewView } from './read-new-view.js'
import { placeOf, type Place } from './read-places.js'
import { limits } from './read-tree.js'
import { firstView, type View } from './read-views.js'
import { ReadWorld } from './read-world.js'

const partner = { station: 'A', partner: 'B' }
/** Hundreds of journals are begun, each synced more than once. */
const quickest = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
/** With more objects than this, not each is read in the end. */
const fewObjects = 50
const allOfIt = 10_000_000

/** @returns what went wrong, one sentence each */
export async function runNew(scenario: NewScenario, sender: Sender): Promise<readonly string[]> {
  const directory = await mkdtemp(join(quickest, 'as2fs-model-'))
  const inOneGo = { ...diskCalls }
  // These the played clock sees.
  Object.assign(diskCalls, callByCall)
  const world = await ReadWorld.make(sender, scenario)
  const model = new NewModel(world, scenario, directory)
  try {
    return await model.run()
  } finally {
    await model.close()
    await world.close()
    Object.assign(diskCalls, inOneGo)
    await rm(directory, { recursive: true })
  }
}

class NewModel {
  readonly #world: ReadWorld
  readonly #scenario: NewScenario
  readonly #directory: string
  readonly #history = new History()
  readonly #marks: NewMarks
  readonly #view: NewView
  readonly #arrivals: Arrivals
  readonly #expected: Expectations
  readonly #calls: Calls
  readonly #files: OpenFiles
  readonly #looks: Looks
  readonly #deeds: Deeds
  #taking: Taking | undefined
  /** How far the journal is known to go, as the state directory keeps it. */
  #reach: Extent | undefined

  constructor(world: ReadWorld, scenario: NewScenario, directory: string) {
    const history = this.#history
    this.#world = world
    this.#scenario = scenario
    this.#directory = directory
    this.#marks = new NewMarks(this.#from)
    const view = newView(this.#marks)
    this.#view = { ...view, firstName: (key) => this.#deeds.now.firstName(key) }
    this.#arrivals = new Arrivals(world, history, this.#marks)
    this.#expected = new Expectations(history, world, scenario.messages > 50 ? this.#view : undefined)
    this.#calls = new Calls(world, this.#expected)
    this.#files = new OpenFiles(world, history, this.#expected, this.#calls)
    this.#looks = new Looks({ world, expected: this.#expected, calls: this.#calls, files: this.#files })
    this.#deeds = new Deeds({
      ...{
        world,
        history,
        marks: this.#marks,
        view: this.#view,
        arrivals: this.#arrivals,
        calls: this.#calls,
        looks: this.#looks,
      },
      isTaken: (version) => this.#isTaken(version),
      mayFail: (code) => this.#expected.mayFail([view.prefix], world.clock.monotonic(), code),
    })
  }

  async run(): Promise<readonly string[]> {
    const { problems } = this.#calls
    this.#arrivals.fill(this.#scenario.messages)
    await this.#start()
    for (const [i, action] of this.#scenario.actions.entries()) {
      this.#calls.step = `${i}: ${JSON.stringify(action)}`
      await this.#do(action)
      if (problems.length > 0) return problems
    }
    this.#calls.step = 'in the end'
    await this.#end()
    return problems
  }

  async close(): Promise<void> {
    await this.#taking?.close()
  }

  async #do(action: NewAction): Promise<void> {
    switch (action.do) {
      case 'arrive':
      case 'replace':
      case 'delete':
      case 'put-again':
        this.#arrivals.make(action)
        return
      case 'look':
        return this.#look(action)
      case 'inbox':
        return this.#lookAt('readdir', placeOf(firstView, []))
      case 'read':
        return this.#files.read(action.nth, 0, allOfIt)
      case 'wait':
        return this.#world.clock.advance(action.ms)
      case 'outage':
        if (this.#expected.beginOutage(action.kind)) this.#world.begin(action.kind)
        return
      case 'deny': {
        this.#deny((it) => it.startsWith(this.#view.prefix))
        return
      }
      case 'well':
        return this.#heal()
      case 'restart':
        return this.#restart(action.isKilled)
      default:
        await this.#deeds.do(action)
        return this.#lookAt('readdir', placeOf(this.#view, []))
    }
  }

  async #look({ kind, which, during }: Extract<NewAction, { do: 'look' }>): Promise<void> {
    if (during) {
      this.#world.atList(0, () => {
        const key = this.#arrivals.make(during)
        if (key !== undefined) this.#expected.noteMixed(key)
      })
    }
    const path = which && this.#deeds.pathOf(which)
    // The kernel looks up what it is before it asks what is in it.
    const isFolder = path === undefined || this.#marks.folders.has(path)
    await this.#lookAt(
      kind === 'readdir' && !isFolder ? 'getattr' : kind,
      placeOf(this.#view, (path?.split('/') ?? []) as Name[]),
    )
    this.#world.atList(0, undefined)
  }

  async #lookAt(kind: 'getattr' | 'readdir' | 'open', place: Place | undefined): Promise<void> {
    if (place) await this.#looks.at([{ kind, place }])
  }

  #deny(refuses: ((prefix: string) => boolean) | undefined): void {
    this.#expected.deny(refuses)
    this.#world.deny(refuses)
  }

  async #heal(): Promise<void> {
    this.#deny(undefined)
    this.#expected.endOutage()
    await this.#world.heal()
  }

  /** LastModified has whole seconds: what came within the one of the mount is new. */
  get #from(): EpochMs {
    return this.#scenario.fromMount ? Math.floor(this.#world.clock.now() / 1_000) * 1_000 : 0
  }

  async #start(): Promise<void> {
    const reach = { known: this.#reach, write: (extent: Extent) => Promise.resolve(void (this.#reach = extent)) }
    const kept = { directory: this.#directory, from: this.#from, reach, ownership: undisputed }
    this.#taking = await Taking.open({ ...kept, clock: this.#world.clock, log: silentLogger() })
    this.#world.restart({ taking: this.#taking })
  }

  async #restart(isKilled: boolean): Promise<void> {
    const former = this.#taking
    await this.#files.closeAll()
    if (!isKilled) await former?.close()
    const reach = this.#reach
    await this.#start()
    if (!isKilled) {
      this.#expected.noteRestart()
      return
    }
    // What it wrote at its end was never written.
    const now = this.#reach
    this.#reach = reach
    await former?.close()
    this.#reach = now
    this.#expected.noteRestart()
  }

  /** Everything is well again, and time has passed: all is shown as it is, and nothing is remembered of what is gone. */
  async #end(): Promise<void> {
    await this.#heal()
    for (let i = 0; i < 3; i += 1) {
      await this.#world.clock.advance(limits.reconcile + limits.ttl)
      // The first look begins the comparison with the whole, after the ttl the next one has what it found.
      await this.#lookAtAll()
      await this.#world.clock.advance(limits.ttl + 1)
      if (i === 0) this.#expected.isOver = true
      await this.#lookAtAll()
    }
    await this.#readAll()
    await this.#files.closeAll()
    await this.#checkCounts()
  }

  async #lookAtAll(): Promise<void> {
    const views: readonly View[] = [this.#view, firstView]
    for (const view of views) await this.#lookAt('readdir', placeOf(view, []))
    for (const folder of this.#marks.folders)
      await this.#lookAt('readdir', placeOf(this.#view, folder.split('/') as Name[]))
  }

  async #readAll(): Promise<void> {
    for (const path of [...this.#deeds.now.entries.keys()].slice(0, fewObjects)) {
      const count = this.#files.count
      await this.#lookAt('open', placeOf(this.#view, path.split('/') as Name[]))
      if (this.#files.count > count) await this.#files.read(count, 0, allOfIt)
    }
  }

  #isTaken(version: Version): boolean {
    return this.#taking?.of(partner).taken.has(writeId(fileId(version), new Uint32Array(idWords))) === true
  }

  async #checkCounts(): Promise<void> {
    const { objects } = this.#history.now
    const ids = new Set([...objects.values()].map(identityOf))
    const taken = [...this.#marks.taken].filter((it) => ids.has(it)).length
    const known = this.#taking?.of(partner).taken.size
    if (known !== taken) this.#calls.problem(`${known} marks are known, though ${taken} of what was taken are there`)
    const answer = this.#calls.outcome((signal) => this.#world.tree.overview.report(signal))
    const row = (await this.#calls.played('as2fs new', answer))?.value?.rows[0]
    const { length: waiting } = this.#deeds.now.waiting
    if (!row || !('waiting' in row) || row.waiting !== waiting)
      this.#calls.problem(`as2fs new tells ${JSON.stringify(row)}, and ${waiting} wait`)
  }
}
