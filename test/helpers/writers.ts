/** Processes that do system calls when they are told to, and may be killed between two of them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './until.js'

const program = fileURLToPath(new URL('../../../test/helpers/writers.py', import.meta.url))

/** What writers.py knows. */
interface Calls {
  open: [path: string, truncate: boolean]
  dup: [fd: number]
  close: [fd: number]
  write: [fd: number, size: number, letter: string, position: number]
  rename: [from: string, to: string]
  unlink: [path: string]
  truncate: [path: string, size: number]
  /** With its parents. */
  mkdir: [path: string]
  rmdir: [path: string]
  fork: [token: string, keep: number | null, isOrphan: boolean]
}

interface Answer {
  readonly value?: unknown
  readonly errno?: string
  readonly message?: string
}

/** A system call was refused. */
class CallError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export class Writer {
  readonly pid: number
  readonly #socket: Socket
  readonly #answers: ((answer: Answer) => void)[] = []

  constructor(pid: number, socket: Socket) {
    this.pid = pid
    this.#socket = socket
    socket.on('close', () => {
      for (const answer of this.#answers.splice(0)) answer({ errno: 'EPIPE', message: 'the process has ended' })
    })
  }

  /** @throws an error with the errno as its code */
  async call<Name extends keyof Calls>(name: Name, ...args: Calls[Name]): Promise<unknown> {
    const answered = new Promise<Answer>((resolve) => this.#answers.push(resolve))
    this.#socket.write(`${JSON.stringify([name, args])}\n`)
    const { value, errno, message = '' } = await answered
    if (errno !== undefined) throw new CallError(errno, message)
    return value
  }

  answered(answer: Answer): void {
    this.#answers.shift()?.(answer)
  }

  /** By itself: it closes what it has open. */
  end(): void {
    this.#socket.end()
  }

  /** By SIGKILL. Resolves when all that it had open is closed. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL')
    await until(`the end of ${this.pid}`, async () => isOver(await statOf(this.pid)))
  }
}

export class Writers {
  readonly #directory: string
  readonly #server: Server
  readonly #waiting = new Map<string, (writer: Writer) => void>()
  #child: ChildProcess | undefined
  #first: Writer | undefined
  #tokens = 0

  constructor(directory: string) {
    this.#directory = directory
    this.#server = createServer((socket) => this.#connected(socket))
  }

  /** The one that makes the others, and has nothing open itself. */
  get first(): Writer {
    if (!this.#first) throw new Error('not started')
    return this.#first
  }

  async start(): Promise<void> {
    const path = join(this.#directory, 'socket')
    this.#server.listen(path)
    await once(this.#server, 'listening')
    const { token, came } = this.#expected()
    this.#child = spawn('python3', [program, path, token], { stdio: ['ignore', 'ignore', 'inherit'] })
    this.#first = await came
  }

  fork(): Promise<Writer> {
    return this.heir(this.first, null, false)
  }

  /** A child that inherits a descriptor. @param isOrphan its parent is a process that has ended */
  async heir(parent: Writer, fd: number | null, isOrphan: boolean): Promise<Writer> {
    const { token, came } = this.#expected()
    await parent.call('fork', token, fd, isOrphan)
    return came
  }

  async close(): Promise<void> {
    const ended = this.#child && once(this.#child, 'exit')
    this.#first?.end()
    await ended
    this.#server.close()
    await rm(this.#directory, { recursive: true, force: true })
  }

  #expected(): { token: string; came: Promise<Writer> } {
    const token = String(this.#tokens++)
    return { token, came: new Promise((resolve) => this.#waiting.set(token, resolve)) }
  }

  #connected(socket: Socket): void {
    let writer: Writer | undefined
    let rest = ''
    socket.on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (writer) writer.answered(JSON.parse(line) as Answer)
        else writer = this.#introduced(socket, JSON.parse(line) as { token: string; pid: number })
      }
    })
  }

  #introduced(socket: Socket, { token, pid }: { token: string; pid: number }): Writer {
    const writer = new Writer(pid, socket)
    this.#waiting.get(token)?.(writer)
    this.#waiting.delete(token)
    return writer
  }
}

export async function startWriters(): Promise<Writers> {
  const writers = new Writers(await mkdtemp(join(tmpdir(), 'as2fs-writers-')))
  await writers.start()
  return writers
}

/** The letter of its state. @returns undefined if it is gone */
async function statOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
}

function isOver(state: string | undefined): boolean {
  return state === undefined || state === 'Z' || state === 'X'
}
