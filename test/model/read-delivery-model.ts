/**
 * What becomes of messages, exactly: each is in the one folder that its receipts say, never `delivered` before one says so; told
 * once in the audit trail, and to who follows; whatever order and form receipts come in, and over ends of the daemon.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sender } from '../../src/send/sender.js'
import type { Milliseconds } from '../../src/units.js'
import { accessDenied, slowDown } from '../helpers/memory-store.js'
import { messageFolder } from './read-actions.js'
import { messages, type DeliveryAction, type DeliveryScenario } from './read-delivery-actions.js'
import { DeliveryMail, nameOf } from './read-delivery-mail.js'
import { AuditTrail, DeliveryDaemon } from './read-delivery-daemon.js'
import { foldersOf, type Folder } from './read-delivery-receipts.js'
import { DeliveryTold } from './read-delivery-told.js'
import { outcomeOf } from './read-outcome.js'
import { limits } from './read-tree.js'
import { ReadWorld } from './read-world.js'

const folders: readonly Folder[] = ['pending', 'delivered', 'refused']
const quickest = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
/** What fails is asked for again after a minute at most; what may not be read, after ten. */
const recovered: Milliseconds = 620_000

/** @returns what went wrong, one sentence each */
export async function runDeliveries(scenario: DeliveryScenario, sender: Sender): Promise<readonly string[]> {
  const directory = await mkdtemp(join(quickest, 'as2fs-model-'))
  const world = await ReadWorld.make(sender, scenario)
  const model = new DeliveryModel(world, scenario, directory)
  try {
    return await model.run()
  } finally {
    await world.close()
    await rm(directory, { recursive: true })
  }
}

class DeliveryModel {
  readonly #world: ReadWorld
  readonly #scenario: DeliveryScenario
  readonly #base: string
  readonly #audit = new AuditTrail()
  readonly #told = new DeliveryTold()
  readonly #mail: DeliveryMail
  readonly #problems: string[] = []
  #lives = 0
  #daemon: DeliveryDaemon | undefined
  #cursor: string | undefined
  #isInTrouble = false
  #troubleAt: Milliseconds = -Infinity
  #step = ''

  constructor(world: ReadWorld, scenario: DeliveryScenario, directory: string) {
    this.#world = world
    this.#mail = new DeliveryMail(world)
    this.#scenario = scenario
    this.#base = directory
  }

  async run(): Promise<readonly string[]> {
    this.#daemon = await DeliveryDaemon.start(this.#world, this.#directory, this.#audit)
    // Without any outbox nobody looks at receipts.
    this.#mail.send(messages, 'a')
    for (const [i, action] of this.#scenario.actions.entries()) {
      this.#step = `${i}: ${JSON.stringify(action)}`
      // No two things happen at the same time.
      await this.#world.clock.advance(1)
      await this.#do(action)
      if (this.#problems.length > 0) break
    }
    this.#step = 'in the end'
    if (this.#problems.length === 0) await this.#end()
    await this.#daemon.end(this.#directory, undefined)
    return this.#problems
  }

  async #do(action: DeliveryAction): Promise<void> {
    switch (action.do) {
      case 'receipt': {
        this.#mail.receive(action)
        return
      }
      case 'send': {
        this.#mail.send(action.message, action.file)
        return
      }
      case 'expire': {
        this.#mail.expire(action.message)
        return
      }
      case 'repeat': {
        this.#mail.repeat(action.nth)
        return
      }
      case 'replace': {
        this.#mail.replace(action.nth, action.says)
        return
      }
      case 'expire-receipt': {
        this.#mail.expireReceipt(action.nth)
        return
      }
      case 'look':
        return this.#look()
      case 'follow':
        return this.#follow()
      case 'wait':
        return this.#world.clock.advance(action.ms)
      case 'outage':
        this.#isInTrouble = true
        {
          this.#world.begin(action.kind)
          return
        }
      case 'unreadable':
        this.#isInTrouble = true
        {
          this.#world.failReads(action.kind === 'denied' ? accessDenied() : slowDown())
          return
        }
      case 'well':
        return this.#heal()
      case 'restart':
        return this.#restart(action.isKilled)
    }
  }

  get #now(): Milliseconds {
    return this.#world.clock.monotonic()
  }

  get #directory(): string {
    return join(this.#base, String(this.#lives))
  }

  get #isWell(): boolean {
    return !this.#isInTrouble && this.#now - this.#troubleAt > recovered
  }

  /** All three folders, one after the other, at one moment of the played time. */
  async #look(): Promise<void> {
    const asked = this.#now
    const shown = new Map<Folder, readonly string[]>()
    for (const folder of folders) {
      const names = await this.#readdir(folder)
      if (names) shown.set(folder, names)
    }
    const isWell = this.#isWell && shown.size === folders.length
    if (this.#isWell && shown.size < folders.length) this.#problem('delivery/ can’t be read, and all is well')
    for (const folder of folders) this.#checkFolder(folder, shown.get(folder) ?? [], asked)
    if (isWell) this.#checkAll(shown, asked)
    this.#checkAudit()
    if (!isWell) return
    for (const it of this.#mail.receipts) if (it.from < asked - limits.ttl && it.goneAt > this.#now) it.isRead = true
  }

  async #readdir(folder: Folder): Promise<readonly string[] | undefined> {
    const { fs, clock } = this.#world
    const listing = outcomeOf(
      fs.readdir(`/A/B/delivery/${folder}`, clock.timeout(limits.opTimeout)).then((all) => [...all]),
    )
    await clock.play(listing, limits.opTimeout + 1)
    const { value, code } = await listing
    if (code !== undefined && this.#isWell) this.#problem(`delivery/${folder}: ${code}`)
    return value?.map((it) => it.name)
  }

  /** Whatever happens, nothing is where its receipts never said that it is. */
  #checkFolder(folder: Folder, names: readonly string[], asked: Milliseconds): void {
    if (new Set(names).size < names.length) this.#problem(`delivery/${folder} has a name twice: ${names.join(' ')}`)
    for (const name of names) {
      const file = this.#mail.files.find((it) => nameOf(it) === name)
      if (!file) this.#problem(`delivery/${folder} has ${name}, which never was`)
      else if (!this.#mayBeIn(file.message, asked, this.#isWell).has(folder))
        this.#problem(`delivery/${folder} has ${name}, of which receipts say something else`)
    }
  }

  #checkAll(shown: ReadonlyMap<Folder, readonly string[]>, asked: Milliseconds): void {
    for (const file of this.#mail.files) {
      const name = nameOf(file)
      const count = folders.filter((it) => shown.get(it)?.includes(name)).length
      const isNow = this.#mail.files.some(
        (it) => nameOf(it) === name && it.goneAt === Infinity && it.from < asked - limits.ttl,
      )
      const was = this.#mail.files.some((it) => nameOf(it) === name && it.goneAt > asked - limits.ttl)
      // Receipts may come to be known between the three.
      const isSteady = this.#mayBeIn(file.message, asked, true).size === 1
      if (isNow && isSteady && count !== 1) this.#problem(`${name} is in ${count} folders of delivery/`)
      if (!was && count > 0) this.#problem(`${name} is in delivery/, and was taken away`)
    }
  }

  #mayBeIn(message: number, asked: Milliseconds, isWell: boolean): ReadonlySet<Folder> {
    const own = this.#mail.receipts.filter((it) => it.message === message && it.meaning !== 'nothing')
    return foldersOf(own, asked - limits.ttl, this.#now, isWell)
  }

  async #follow(): Promise<void> {
    if (!this.#daemon) return
    const { told, cursor } = await this.#daemon.follow(this.#cursor)
    this.#cursor = cursor
    for (const it of told)
      this.#told.hear(it, this.#mail.receipts, this.#world.clock.now(), (what) => this.#problem(what))
  }

  async #heal(): Promise<void> {
    if (this.#isInTrouble) this.#troubleAt = this.#now
    this.#isInTrouble = false
    this.#world.failReads(undefined)
    await this.#world.heal()
  }

  async #restart(isKilled: boolean): Promise<void> {
    const former = this.#directory
    if (isKilled) {
      this.#lives += 1
      this.#audit.kill()
    }
    await this.#daemon?.end(former, isKilled ? this.#directory : undefined)
    if (isKilled) this.#audit.kill()
    this.#daemon = await DeliveryDaemon.start(this.#world, this.#directory, this.#audit)
  }

  #checkAudit(): void {
    this.#told.checkTrail(this.#audit.entries, this.#mail.receipts, (what) => this.#problem(what))
  }

  /** Everything is well again, and time has passed: all is shown as it is, and told. */
  async #end(): Promise<void> {
    await this.#heal()
    for (let i = 0; i < 2; i += 1) {
      await this.#world.clock.advance(recovered + limits.ttl)
      await this.#look()
      await this.#follow()
      await this.#world.clock.advance(limits.ttl + 1)
      await this.#look()
      await this.#follow()
    }
    await this.#world.clock.advance(60_000)
    this.#checkAudit()
    for (let message = 0; message < messages; message += 1) this.#checkTold(message)
    const unreadable = this.#mail.receipts.filter((it) => it.isUnreadable && it.replacedAt === Infinity && it.isRead)
    const known = this.#daemon?.unreadable ?? 0
    if (known < unreadable.length) this.#problem(`${known} can't be understood, and ${unreadable.length} are such`)
    for (const it of unreadable)
      if (!this.#told.isUnreadable(it.key)) this.#problem(`nobody was told that ${it.key} says nothing`)
  }

  #checkTold(message: number): void {
    const files = this.#mail.files.filter((it) => it.message === message && it.goneAt === Infinity)
    if (files.length === 0) return
    const [folder, ...more] = [...this.#mayBeIn(message, this.#now, true)]
    if (folder === undefined || folder === 'pending' || more.length > 0) return
    const name = messageFolder(message)
    if (!this.#told.isInTrail(name, folder, this.#audit.entries))
      this.#problem(`the trail lacks that ${name} was ${folder}`)
    if (!this.#told.wasHeard(name, folder)) this.#problem(`who follows was not told that ${name} was ${folder}`)
  }

  #problem(what: string): void {
    this.#problems.push(`${this.#step}, at ${this.#now}: ${what}`)
  }
}
