/** Who looks at many partners pays for the keys that there are, not for the folders: LISTs are counted, and nothing is missed. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Mounted, prepare } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'

const ttl = 3_000
const minute = 60_000
const order = Buffer.from('UNB+UNOC:3+A:14+B:14')
/** New partners are looked for, and where sweeps meet they may overlap. */
const beyondPages = 7

interface Shape {
  readonly partners: number
  readonly each: number
  /** Messages of the first partner, if it has more. */
  readonly first?: number
}

class Crowd {
  readonly mounted: Mounted
  readonly #shape: Shape
  #count = 0
  #lookedAt = 0

  constructor(mounted: Mounted, shape: Shape) {
    this.mounted = mounted
    this.#shape = shape
  }

  /** The messages come to all partners in turn, one a minute until now. */
  fill(): void {
    const { partners, each, first = each } = this.#shape
    const total = first + (partners - 1) * each
    for (let round = 0; round < first; round += 1) {
      for (let n = 0; n < (round < each ? partners : 1); n += 1)
        this.arrive(n, Date.now() - (total - this.#count) * minute)
    }
  }

  arrive(partner: number, mtime = Date.now()): void {
    const folder = 720_784_109_390_000 + this.#count
    this.#count += 1
    this.mounted.server.put(`AS2/files/ACME/${nameOf(partner)}/inbox/${folder}/order.edi`, order, { mtime })
  }

  /** A message for each of some partners, all over the alphabet, once what is listed has become too old. */
  async #arriveLater(count: number): Promise<void> {
    const { partners } = this.#shape
    for (let n = 0; n < count; n += 1) this.arrive(Math.floor((n * partners) / count))
    // Nothing tells the end of a ttl but the time.
    await delay(ttl + 200 - (performance.now() - this.#lookedAt))
  }

  /** Looks at the inboxes of all, as a program that waits for orders does. @returns how many LISTs that took */
  async look(t: Test): Promise<number> {
    const found = (names: string): number => names.split('\n').filter((line) => /^\d+$/.test(line)).length
    const before = this.#lists
    const shown = await sh(`ls ${this.mounted.path('ACME')}/*/inbox`)
    t.equal(found(shown), this.#count, 'all messages are seen')
    this.#lookedAt = performance.now()
    return this.#lists - before
  }

  /** As `look`, once some have come and the ttl is over. One that takes longer than that begins to look again, and is no measure: then once more. */
  async lookLater(t: Test, count: number): Promise<number> {
    for (;;) {
      await this.#arriveLater(count)
      const began = performance.now()
      const lists = await this.look(t)
      if (performance.now() - began < ttl) return lists
    }
  }

  /** @returns how many LISTs a command took, whose output has so many lines */
  async costs(t: Test, command: string, lines: number): Promise<number> {
    const before = this.#lists
    t.equal((await sh(command)).split('\n').length - 1, lines)
    return this.#lists - before
  }

  get count(): number {
    return this.#count
  }

  get #lists(): number {
    return this.mounted.server.requests.list.filter((it) => it.operation === 'ListObjectsV2').length
  }
}

function nameOf(partner: number): string {
  return `P${String(partner).padStart(4, '0')}`
}

/** @param listTtl for one look it is as long as the slowest machine takes */
async function crowd(t: Test, shape: Shape, listTtl = `${ttl}ms`): Promise<Crowd> {
  const mounted = await prepare(t, { flags: ['--list-ttl', listTtl] })
  const it = new Crowd(mounted, shape)
  it.fill()
  await mounted.mount()
  return it
}

function atMost(t: Test, lists: number, most: number, what: string): void {
  t.ok(lists <= most, `${what}: ${lists} LISTs of at most ${most}`)
}

t.test('find over hundreds of partners, most of whose folders are empty', async (t) => {
  const it = await crowd(t, { partners: 300, each: 5 }, '1m')
  // All is looked at; new/ shows them as well.
  atMost(t, await it.costs(t, `find ${it.mounted.path('ACME')} -path '*/inbox/*' -type f`, it.count), 40, 'find')
})

t.test('the inboxes of hundreds of partners with a few messages', async (t) => {
  const it = await crowd(t, { partners: 300, each: 5 })
  atMost(t, await it.look(t), 10, 'the first look')
  for (const round of [1, 2]) {
    atMost(t, await it.lookLater(t, 20), 10, `look ${round} after the ttl`)
  }
})

t.test('the inboxes of many partners with many messages cost the pages of all', async (t) => {
  const it = await crowd(t, { partners: 200, each: 100 })
  const pages = (): number => Math.ceil(it.count / 1_000)
  atMost(t, await it.look(t), pages() + 3 * beyondPages, 'the first look')
  atMost(t, await it.lookLater(t, 20), pages() + beyondPages, 'the look after the ttl')
})

t.test('one partner with very many messages among some with a few costs one LIST each', async (t) => {
  const it = await crowd(t, { partners: 10, each: 10, first: 30_000 })
  await it.look(t)
  for (const round of [1, 2]) {
    atMost(t, await it.lookLater(t, 10), 11, `look ${round} after the ttl`)
  }
})

t.test('a look at one inbox costs what it does without the others', async (t) => {
  const it = await crowd(t, { partners: 1_000, each: 20 }, '1m')
  atMost(t, await it.costs(t, `ls ${it.mounted.path('ACME', nameOf(500), 'inbox')}`, 20), 3, 'one inbox')
})
