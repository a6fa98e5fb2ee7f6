/**
 * Rounds of writing to `send/`, each ended by killing the daemon in the middle of it, while a proxy delays, cuts, refuses and
 * loses answers and the gateway takes files at times. Afterwards it is told what is missing, double, different or too much.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Gateway } from '../../src/demo/gateway.js'
import { parseJournal } from '../../src/journal/lines.js'
import type { JournalEntry } from '../../src/send/life/entry.js'
import type { Message } from '../../src/send/life/message.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { WriterLine } from './crash-writer.js'
import { seededRandom, type Rule } from './faults.js'
import { hostileAnswers } from './hostile-answers.js'
import type { Mounted } from './mounted.js'
import { sendRows } from './send-state.js'
import { until } from './until.js'

const writer = fileURLToPath(new URL('./crash-writer.js', import.meta.url))
const partners = ['GLOBEX', 'INITECH']

/** A file of theirs is written then, unless a fault keeps them from it. */
const writersStartWithin = 20_000

/** Flags of the mounts of a run. */
export const crashFlags = [
  ...partners.flatMap((partner) => ['--station', `ACME/${partner}`]),
  ...['--multipart-threshold', '5MiB', '--uploads', '4'],
]

/** One object that was put, by PUT or by a completed multipart upload. */
export interface PutObject {
  readonly key: string
  readonly size: number
  readonly sha256: string
}

export class CrashRun {
  /** All that was put. */
  readonly puts: PutObject[] = []
  /** Rounds whose kill came between the beginning of an upload and its end. */
  killedInUpload = 0
  rounds = 0
  readonly #mounted: Mounted
  readonly #random: () => number
  readonly #gateway: Gateway
  readonly #lines: WriterLine[] = []

  constructor(mounted: Mounted, seed: number) {
    this.#mounted = mounted
    this.#random = seededRandom(seed)
    this.#gateway = new Gateway({ server: mounted.server, clock: systemClock, takeAfter: 100, mdnAfter: 1_000_000_000 })
    mounted.server.onPut(({ key, size }) => {
      const sha256 = createHash('sha256')
        .update(mounted.server.get(key) ?? '')
        .digest('hex')
      this.puts.push({ key, size, sha256 })
    })
  }

  /** Mounts, writes, and kills: the daemon, and at times a writer before it. */
  async round(): Promise<void> {
    const random = this.#random
    this.rounds += 1
    await this.#mounted.mount()
    this.#mounted.proxy.add(...faults(random))
    const isGatewayAwake = random() < 0.5
    const ticking = setInterval(() => {
      if (isGatewayAwake) this.#gateway.tick()
    }, 50)
    const writers = partners.map((partner) => this.#startWriter(partner))
    try {
      await this.#begun()
      await delay(100 + random() * 700)
      if (random() < 0.3) writers[0]?.kill('SIGKILL')
      if (random() < 0.2) await this.#mounted.proxy.refuseConnections()
      await delay(random() * 200)
      await this.#mounted.kill('SIGKILL')
      if (await this.#isUploading()) this.killedInUpload += 1
    } finally {
      clearInterval(ticking)
      await Promise.all(writers.map(ended))
    }
    await this.#mounted.proxy.heal()
  }

  /** The last mount: all that is to be sent is sent. */
  async finish(deadline: number): Promise<void> {
    await this.#mounted.mount()
    const isWaiting = async () =>
      (await sendRows(this.#mounted)).some(({ state }) => state === 'queued' || state === 'uploading')
    await until('all to be sent', async () => !(await isWaiting()), deadline)
    await this.#mounted.kill('SIGTERM')
    this.#gateway.stop()
  }

  /** How many files the writers were promised, and were not sure of. */
  get counts(): { readonly promised: number; readonly unsure: number } {
    const done = new Set(this.#lines.filter((it) => it.step === 'done').map((it) => it.path))
    return { promised: done.size, unsure: new Set(this.#lines.map((it) => it.path)).size - done.size }
  }

  /** What is wrong with the bucket, one sentence each. */
  problems(): string[] {
    const problems: string[] = []
    const said = new Map(this.#lines.map((line) => [keyOf(line.path), line]))
    const byKey = new Map<string, PutObject[]>()
    for (const put of this.puts) byKey.set(put.key, [...(byKey.get(put.key) ?? []), put])
    for (const { step, path } of this.#lines) {
      if (step === 'done' && !byKey.has(keyOf(path))) problems.push(`${keyOf(path)} is missing`)
    }
    for (const [key, puts] of byKey) {
      const line = said.get(key)
      if (!line) problems.push(`${key} was never complete, and was sent`)
      if (puts.length > 1) problems.push(`${key} was put ${puts.length} times`)
      for (const { sha256, size } of puts) {
        if (line && sha256 !== line.sha256)
          problems.push(`${key} is not what was written: ${size} of ${line.size} bytes`)
      }
    }
    for (const { what, key } of this.#gateway.events) if (what === 'duplicate') problems.push(`${key} is a duplicate`)
    for (const key of this.#mounted.server.unfinishedUploads()) problems.push(`parts of ${key} are left`)
    return problems
  }

  /** On a busy machine the writers take their time to start; where the bucket holds them up they are not waited for. */
  async #begun(): Promise<void> {
    const { length } = this.#lines
    await until('the first file', () => this.#lines.length > length, writersStartWithin).catch(() => undefined)
  }

  #startWriter(partner: string): ChildProcess {
    const folder = this.#mounted.path('ACME', partner, 'send')
    const args = [writer, folder, `round-${this.rounds}`, String(Math.floor(this.#random() * 2 ** 31))]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
    let rest = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      this.#lines.push(...lines.map((line) => JSON.parse(line) as WriterLine))
    })
    return child
  }

  async #isUploading(): Promise<boolean> {
    const text = await readFile(join(this.#mounted.stateDirectory, 'spool', 'journal'), 'utf8')
    const last = new Map<string, Message>()
    for (const { messages = [] } of parseJournal<JournalEntry>(text).entries) {
      for (const message of messages) last.set(message.id, message)
    }
    return [...last.values()].some((it) => it.state === 'uploading')
  }
}

function faults(random: () => number): Rule[] {
  const writes = ['PutObject', 'UploadPart', 'CompleteMultipartUpload']
  const chance = (most: number) => random() * most
  const hostile = () => hostileAnswers[Math.floor(random() * hostileAnswers.length)]?.fault ?? { stall: true }
  return [
    // Somebody stands between: what he answers says nothing of what was done.
    ...[1, 2, 3].map(() => ({ operation: writes, probability: chance(0.1), fault: hostile() })),
    ...[1, 2].map(() => ({ operation: 'ListObjectsV2', probability: chance(0.1), fault: hostile() })),
    { operation: 'HeadObject', probability: chance(0.2), fault: hostile() },
    {
      operation: ['PutObject', 'CompleteMultipartUpload'],
      probability: chance(0.1),
      fault: { status: 412, code: 'PreconditionFailed', carriedOut: true },
    },
    // The server, or who stands before it, does not know If-None-Match.
    ...(random() < 0.2 ? [{ header: 'if-none-match', fault: { status: 501, code: 'NotImplemented' } }] : []),
    { operation: writes, probability: chance(0.1), fault: { loseAnswer: 'reset' } },
    { operation: writes, probability: chance(0.1), fault: { reset: 'request' } },
    { operation: ['PutObject', 'UploadPart'], probability: chance(0.1), fault: { cutUploadAfter: 1_000 } },
    {
      operation: [...writes, 'CreateMultipartUpload'],
      probability: chance(0.2),
      fault: { status: 503, code: 'SlowDown' },
    },
    { operation: writes, probability: chance(0.1), fault: { status: 500, code: 'InternalError' } },
    { operation: 'ListObjectsV2', probability: chance(0.2), fault: { status: 503, code: 'SlowDown' } },
    { operation: 'ListObjectsV2', probability: chance(0.1), fault: { cutAfter: 300 } },
    { operation: writes, probability: 0.3 + chance(0.5), fault: { delay: 30 + chance(300) } },
  ]
}

/** Writers hang in the dead mount at most until it is cleared; they are not waited for alive. */
async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
}

function keyOf(path: string): string {
  const partner = basename(dirname(dirname(path)))
  return `AS2/send/ACME/${partner}/${basename(path)}`
}
