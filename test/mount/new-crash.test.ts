/**
 * The daemon is killed again and again while files are taken and claimed. What unlink(2) and rename(2) have promised is so after
 * that: no mark is lost, none invented. AS2FS_SEED repeats a run's choices.
 */
import { mkdir, readdir, rename, unlink } from 'node:fs/promises'
import t from 'tap'
import { inbox, inNew, newPath, prepareReceived } from '../helpers/new-mounted.js'
import type { Mounted } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

const seed = Number(process.env.AS2FS_SEED ?? Date.now() % 1_000_000)
const rounds = 5
const lanes = 3
const count = 240

/** Numbers from 0 to below 1. */
function chance(from: number): () => number {
  let state = from >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

/** Where each file is; undefined: taken. */
type Places = Map<string, string | undefined>

class Run {
  readonly places: Places
  /** Asked for and not answered when the daemon was killed: it may have happened. */
  readonly unsure = new Map<string, string | undefined>()
  promised = 0
  readonly #mounted: Mounted
  readonly #chance = chance(seed)

  constructor(mounted: Mounted, names: readonly string[]) {
    this.#mounted = mounted
    this.places = new Map(names.map((it) => [it, it]))
  }

  async round(): Promise<void> {
    const names = [...this.places].flatMap(([name, place]) => (place === undefined ? [] : [name]))
    let isOver = false
    const lane = async (mine: readonly string[]): Promise<void> => {
      for (const name of mine) if (!isOver && !(await this.#change(name))) return
    }
    const working = Promise.all(
      Array.from({ length: lanes }, (_, i) => lane(names.filter((_, at) => at % lanes === i))),
    )
    // Somewhere in the middle of one.
    const enough = this.promised + 1 + Math.floor(this.#chance() * 12)
    await until('some changes', () => this.promised >= enough)
    await this.#mounted.kill('SIGKILL')
    isOver = true
    await working
    await this.#mounted.mount()
    await this.#look()
  }

  /** @returns false: nobody answers any more */
  async #change(name: string): Promise<boolean> {
    const from = this.places.get(name) ?? name
    const dice = this.#chance()
    const to = dice < 0.5 ? undefined : dice < 0.8 ? `.done/${name}` : name
    if (to === from) return true
    const act = to === undefined ? unlink(this.#path(from)) : rename(this.#path(from), this.#path(to))
    try {
      await act
      this.places.set(name, to)
      this.promised += 1
      return true
    } catch {
      this.unsure.set(name, to)
      return false
    }
  }

  /** What was not certain is as it was found from now on. */
  async #look(): Promise<void> {
    const done = await readdir(this.#path('.done'))
    const found = [...(await inNew(this.#mounted)), ...done.map((it) => `.done/${it}`)]
    for (const [name, to] of this.unsure) {
      if (to === undefined ? !found.includes(this.places.get(name) ?? '') : found.includes(to))
        this.places.set(name, to)
    }
    this.unsure.clear()
    const expected = [...this.places.values()].filter((it) => it !== undefined)
    t.same(found.filter((it) => it !== '.done').sort(), expected.sort())
  }

  #path(name: string): string {
    return newPath(this.#mounted, name)
  }
}

t.test(`no mark is lost, none invented, whenever it is killed (AS2FS_SEED=${seed})`, async () => {
  const paths = Array.from({ length: count }, (_, i) => `${1_000 + i}/f.edi`)
  const objects = Object.fromEntries(paths.map((it) => [`${inbox}/${it}`, it]))
  const mounted = await prepareReceived(t, { objects })
  await mounted.mount()
  await mkdir(newPath(mounted, '.done'))
  const run = new Run(
    mounted,
    paths.map((it) => it.replace('/', '_')),
  )
  for (let i = 0; i < rounds; i += 1) await run.round()
  t.ok(run.promised > 10, `${run.promised} changes were promised`)
})
