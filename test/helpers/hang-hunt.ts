/** Random programs on a mount whose bucket hangs, dies and heals: who hangs with it, and what becomes of what they wrote. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { randomProgram, whole, type Places, type Program } from './hunted-programs.js'
import type { Mounted } from './mounted.js'
import { sendRows } from './send-state.js'
import { Sleepers } from './sleepers.js'
import { until } from './until.js'

export interface Hunt {
  readonly mounted: Mounted
  readonly places: Places
  readonly random: () => number
  readonly seconds: number
}

export interface Verdict {
  readonly programs: number
  readonly sent: number
  readonly sleepers: Sleepers
  /** What is wrong with the bucket, one sentence each. */
  readonly problems: readonly string[]
}

interface Done extends Program {
  readonly isGood: boolean
}

const atOnce = 6
/** After the bucket's recovery: what was begun ends, and what was written arrives. */
const endWithin = 45_000

export async function hangHunt({ mounted, places, random, seconds }: Hunt): Promise<Verdict> {
  const groups = new Set<number>()
  const sleepers = new Sleepers((group) => groups.has(group))
  const end = performance.now() + seconds * 1_000
  const done: Done[] = []
  let count = 0
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      const program = randomProgram(places, (count += 1), random)
      done.push({ ...program, isGood: await succeeds(program, groups) })
    }
  }
  sleepers.start()
  const working = Promise.all(Array.from({ length: atOnce }, work))
  await weather(mounted, random, end)
  const late = delay(endWithin, 'late', { ref: false })
  if ((await Promise.race([working, late])) === 'late') throw new Error(`hanging: ${[...groups].join(', ')}`)
  await until('all to be sent', async () => !(await sendRows(mounted)).some(isOnItsWay), endWithin)
  await sleepers.stop()
  return { programs: done.length, sent: mounted.puts().length, sleepers, problems: problems(mounted, done) }
}

/** @returns whether it ended well, which it may not while the bucket hangs */
async function succeeds({ command, args }: Program, groups: Set<number>): Promise<boolean> {
  // A process group of its own, by which it and what it starts are known.
  const child = spawn(command, args, { detached: true, stdio: 'ignore' })
  const group = child.pid ?? 0
  groups.add(group)
  const [code] = (await once(child, 'exit')) as [number | null]
  groups.delete(group)
  return code === 0
}

async function weather(mounted: Mounted, random: () => number, end: number): Promise<void> {
  const { proxy } = mounted
  const kinds: (() => unknown)[] = [
    () => proxy.add({ fault: { stall: true } }),
    () => proxy.refuseConnections(),
    () => proxy.add({ fault: { delay: 500 } }),
    () => proxy.add({ probability: 0.7, fault: { status: 503, code: 'SlowDown' } }),
    () => undefined,
  ]
  while (performance.now() < end) {
    await kinds[Math.floor(random() * kinds.length)]?.()
    await delay(150 + random() * 3_000)
    await proxy.heal()
    await delay(random() * 500)
  }
}

function isOnItsWay({ state, reason }: { readonly state: string; readonly reason: string | undefined }): boolean {
  return ['open', 'queued', 'uploading'].includes(state) || reason === 'packing'
}

function problems(mounted: Mounted, done: readonly Done[]): string[] {
  const times = new Map<string, number>()
  for (const key of mounted.puts()) times.set(key, (times.get(key) ?? 0) + 1)
  const known = new Map(done.map((it) => [it.name, it]))
  const found = [...times].flatMap(([key, count]) => {
    const name = key.replace('AS2/send/ACME/GLOBEX/', '')
    const fate = known.get(name)?.fate
    const text = fate === 'whole' ? Buffer.from(mounted.server.get(key) ?? []).toString() : whole
    return [
      ...(count > 1 ? [`${name} was sent ${count} times`] : []),
      ...(fate === undefined || fate === 'never' ? [`${name} was not to be sent`] : []),
      ...(text === whole ? [] : [`${name} is not what was written: ${JSON.stringify(text.slice(0, 50))}`]),
    ]
  })
  const missing = done
    .filter((it) => it.isGood && (it.fate === 'whole' || it.fate === 'once'))
    .filter((it) => !times.has(`AS2/send/ACME/GLOBEX/${it.name ?? ''}`))
  return [...found, ...missing.map((it) => `${it.name ?? ''} is missing (${it.command} ${it.args.join(' ')})`)]
}
