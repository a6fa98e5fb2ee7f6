/**
 * A small model of `send/`: what must be sent of files that programs open, write, close, rename, remove and cut, while the
 * daemon crashes, the bucket fails and the gateway takes files. It follows what succeeded; what must never happen is
 * that something else is sent than what it says, or twice, or not at all.
 */
import { folder, type Action, type Heir, type RequestFault } from './send-actions.js'

/** What is done to the thing under test. Every method rejects with an errno, and then nothing may have changed. */
export interface Driver<Descriptor> {
  /** For reading and writing, made if it is not there, each time by another process. */
  open(name: string, truncate: boolean): Promise<Descriptor>
  write(descriptor: Descriptor, bytes: Buffer, position: number): Promise<void>
  dup(descriptor: Descriptor, heir: Heir): Promise<Descriptor>
  close(descriptor: Descriptor): Promise<void>
  /** By SIGKILL. @param isWriter whether it opened the file or wrote to it @param all that the process has open */
  kill(all: readonly Descriptor[], isWriter: boolean): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(name: string): Promise<void>
  truncate(name: string, size: number): Promise<void>
  mkdir(name: string): Promise<void>
  rmdir(name: string): Promise<void>
  crash(): Promise<void>
  /** What a file holds that waits; undefined if there is none. */
  read(name: string): Promise<Buffer | undefined>
  /** An outage ends. So many of the next requests to the bucket fail. */
  breakNext(faults: readonly RequestFault[], isStalled: boolean): Promise<void>
  /** Until `breakNext` no request reaches the bucket. */
  outage(): Promise<void>
  /** Uploads begin. @param isWaitedFor until nothing is on its way any more */
  upload(isWaitedFor: boolean): Promise<void>
  /** The gateway, which takes what is in `AS2/send` whenever somebody looks, falls asleep or wakes up, and takes it now. */
  take(): void
  /** All that was put, in order. */
  puts(): readonly { readonly name: string; readonly bytes: Buffer }[]
}

/** How often something was done, and how often it was refused. */
export type Tally = Map<string, number>

interface ModelFile {
  name: string
  content: Buffer
  /** What it held when one of its descriptors was closed last; undefined: none ever was. */
  kept: Buffer | undefined
  /** Of the archive of a folder: the content of each file. */
  readonly members?: ReadonlyMap<string, Buffer>
  state: 'open' | 'held' | 'queued' | 'gone'
  /** What it was before it was opened, if it is still as it was. */
  before: Pick<ModelFile, 'state' | 'wasKilled'> | undefined
  /** How often it is open. */
  openings: number
  wasKilled: boolean
  /** It was open at a crash. */
  isCutOff: boolean
}

interface Opening {
  readonly file: ModelFile
  descriptors: number
  /** The process that opened it, and those that wrote to it: others have only inherited it. */
  readonly writers: Set<number>
}

interface ModelDescriptor<Descriptor> {
  readonly real: Descriptor
  readonly opening: Opening
  readonly process: number
}

const mostDescriptors = 4
/** What may be refused. Anything else is a bug. */
const refusals = new Set('ENOENT EEXIST EBUSY EPERM ENODATA ENOTSUP EOPNOTSUPP ENOTDIR EISDIR ENOTEMPTY'.split(' '))

/** @returns files of a zip, by name */
export type Unzip = (zip: Buffer) => Promise<ReadonlyMap<string, Buffer>>

/** Runs the actions, lets everything come to rest, and tells what is wrong. */
export async function run<Descriptor>(
  driver: Driver<Descriptor>,
  all: readonly Action[],
  unzip: Unzip,
  tally: Tally = new Map(),
): Promise<string[]> {
  const model = new Model(driver, tally)
  for (const action of all) await model.act(action)
  return model.finish(unzip)
}

class Model<Descriptor> {
  readonly #driver: Driver<Descriptor>
  readonly #tally: Tally
  readonly #files: ModelFile[] = []
  readonly #problems: string[] = []
  #descriptors: ModelDescriptor<Descriptor>[] = []
  #processes = 0
  #letter = 0

  constructor(driver: Driver<Descriptor>, tally: Tally) {
    this.#driver = driver
    this.#tally = tally
  }

  async act(action: Action): Promise<void> {
    try {
      if (await this.#do(action)) this.#count(action.do)
    } catch (error) {
      // Refused: nothing has changed.
      if (!(error instanceof Error && 'code' in error && refusals.has(String(error.code)))) throw error
      this.#count(`${action.do} ${String(error.code)}`)
    }
  }

  async finish(unzip: Unzip): Promise<string[]> {
    while (this.#descriptors.length > 0) await this.#close(0)
    await this.#driver.breakNext([], false)
    await this.#driver.upload(true)
    await this.#driver.crash()
    await this.#driver.upload(true)
    await this.#compare(unzip)
    return this.#problems
  }

  async #compare(unzip: Unzip): Promise<void> {
    const wanted = new Map(this.#files.filter((it) => it.state === 'queued').map((it) => [it.name, it]))
    const puts = this.#driver.puts()
    for (const [name, file] of wanted) {
      const sent = puts.find((it) => it.name === name)
      if (!sent) this.#problems.push(`${name} was not sent`)
      else if (!(await isContent(file, sent.bytes, unzip)))
        this.#problems.push(`${name} was sent with ${sent.bytes.length} bytes that are not its ${file.content.length}`)
      this.#count(file.members ? 'sent as an archive' : 'sent')
    }
    for (const name of new Set(puts.map((it) => it.name))) {
      const times = puts.filter((it) => it.name === name).length
      if (!wanted.has(name)) this.#problems.push(`${name} was sent, and should not`)
      if (times > 1) this.#problems.push(`${name} was sent ${times} times`)
    }
  }

  /** @returns whether there was something to do it to */
  async #do(action: Action): Promise<boolean> {
    const driver = this.#driver
    switch (action.do) {
      case 'open':
        return this.#open(action.name, action.truncate)
      case 'write':
        return this.#write(action)
      case 'dup':
        return this.#dup(action.handle, action.heir)
      case 'close':
        return this.#close(this.#index(action.handle))
      case 'kill':
        return this.#kill(action.handle)
      case 'rename':
        return this.#rename(action.name, action.to)
      case 'unlink':
        return this.#unlink(action.name)
      case 'truncate':
        return this.#truncate(action.name, action.size)
      case 'pack':
        return this.#pack(action.to)
      case 'mkdir':
        await driver.mkdir(folder)
        return true
      case 'rmdir':
        await driver.rmdir(folder)
        if (this.#inFolder().length > 0) this.#problems.push('a folder with files in it was removed')
        return true
      case 'crash':
        await driver.crash()
        await this.#crashed()
        return true
      case 'upload':
        // Nobody waits for what never comes.
        await driver.breakNext(action.faults, action.isStalled && !action.isWaitedFor)
        await driver.upload(action.isWaitedFor)
        return true
      case 'outage':
      case 'take':
        await driver[action.do]()
        return true
    }
  }

  async #open(name: string, truncate: boolean): Promise<boolean> {
    if (this.#descriptors.length >= mostDescriptors || this.#at(name)?.members) return false
    const real = await this.#driver.open(name, truncate)
    let file = this.#at(name)
    if (!file) {
      file = { name, content: Buffer.alloc(0), ...newFile }
      this.#files.push(file)
    } else if (file.state !== 'open') {
      file.before = { state: file.state, wasKilled: file.wasKilled }
      file.state = 'open'
    }
    file.openings += 1
    const process = this.#processes++
    this.#descriptors.push({ real, opening: { file, descriptors: 1, writers: new Set([process]) }, process })
    if (truncate) this.#cut(file, 0)
    return true
  }

  async #dup(handle: number, heir: Heir): Promise<boolean> {
    const it = this.#descriptors[this.#index(handle)]
    if (!it || this.#descriptors.length >= mostDescriptors) return false
    const real = await this.#driver.dup(it.real, heir)
    it.opening.descriptors += 1
    const process = heir === 'itself' ? it.process : this.#processes++
    this.#descriptors.push({ real, opening: it.opening, process })
    this.#count(`dup by ${heir}`)
    return true
  }

  async #write({ handle, size, append }: Extract<Action, { do: 'write' }>): Promise<boolean> {
    const it = this.#descriptors[this.#index(handle)]
    if (!it) return false
    const { file } = it.opening
    const position = append ? file.content.length : 0
    const bytes = Buffer.alloc(size, 97 + (this.#letter++ % 26))
    await this.#driver.write(it.real, bytes, position)
    it.opening.writers.add(it.process)
    const { content } = file
    file.content = Buffer.concat([content.subarray(0, position), bytes, content.subarray(position + size)])
    file.before = undefined
    return true
  }

  async #close(index: number): Promise<boolean> {
    const it = this.#descriptors[index]
    if (!it) return false
    await this.#driver.close(it.real)
    this.#closed(it)
    return true
  }

  async #kill(handle: number): Promise<boolean> {
    const victim = this.#descriptors[this.#index(handle)]
    if (!victim) return false
    // All of one opening: nobody opens two files, or inherits two.
    const its = this.#descriptors.filter((it) => it.process === victim.process)
    const isWriter = victim.opening.writers.has(victim.process)
    await this.#driver.kill(
      its.map((it) => it.real),
      isWriter,
    )
    if (isWriter) victim.opening.file.wasKilled = true
    this.#count(`kill of ${isWriter ? 'a writer' : 'an heir'}`)
    for (const it of its) this.#closed(it)
    return true
  }

  #closed(it: ModelDescriptor<Descriptor>): void {
    this.#descriptors.splice(this.#descriptors.indexOf(it), 1)
    it.opening.file.kept = it.opening.file.content
    it.opening.descriptors -= 1
    if (it.opening.descriptors > 0) return
    const { file } = it.opening
    file.openings -= 1
    if (file.openings > 0 || file.state !== 'open') return
    if (file.before) Object.assign(file, file.before)
    else this.#judge(file)
    file.before = undefined
  }

  async #rename(from: string, to: string): Promise<boolean> {
    // The kernel sees to that itself.
    if (from === to) return false
    await this.#driver.rename(from, to)
    const file = this.#at(from)
    if (!file) return false
    const replaced = this.#at(to)
    if (replaced) replaced.state = 'gone'
    file.name = to
    file.wasKilled = false
    file.before = undefined
    if (file.state !== 'open') this.#judge(file)
    return true
  }

  async #unlink(name: string): Promise<boolean> {
    await this.#driver.unlink(name)
    const file = this.#at(name)
    if (file) file.state = 'gone'
    return true
  }

  async #truncate(name: string, size: number): Promise<boolean> {
    if (this.#at(name)?.members) return false
    await this.#driver.truncate(name, size)
    const file = this.#at(name)
    if (file) this.#cut(file, size)
    return true
  }

  async #pack(to: string): Promise<boolean> {
    await this.#driver.rename(folder, to)
    const files = this.#inFolder()
    const isWhole = (it: ModelFile) => it.state === 'held' && !it.wasKilled && !it.isCutOff && it.content.length > 0
    if (files.length === 0) this.#problems.push('a folder without a file was sent')
    for (const file of files) {
      const isReady = isWhole(file) && !baseName(file.name).startsWith('.')
      if (!isReady) this.#problems.push(`${file.name} was packed, and was not ready`)
      file.state = 'gone'
    }
    const members = new Map(files.map((it) => [baseName(it.name), it.content]))
    const archive: ModelFile = { name: to, content: Buffer.alloc(0), members, ...newFile }
    this.#judge(archive)
    this.#files.push(archive)
    return true
  }

  async #crashed(): Promise<void> {
    this.#descriptors = []
    for (const file of this.#files) {
      file.openings = 0
      if (file.state !== 'open') continue
      file.state = 'held'
      file.isCutOff = true
      await this.#mayHaveLost(file)
    }
  }

  /** What nobody had closed may have been in memory alone. */
  async #mayHaveLost(file: ModelFile): Promise<void> {
    const { name, content, kept } = file
    const found = await this.#driver.read(name)
    const isKept = found !== undefined && (content.equals(found) || kept?.equals(found) === true)
    const isBeginning = found !== undefined && content.subarray(0, found.length).equals(found)
    if (isKept || (isBeginning && found.length >= (kept?.length ?? 0))) file.content = found
    else if (found === undefined && kept === undefined) file.state = 'gone'
    else this.#problems.push(`${name} holds ${found?.length ?? 'no'} bytes after a crash, which were never in it`)
    file.kept = file.content
  }

  /** To the size that it has: nothing changes. */
  #cut(file: ModelFile, size: number): void {
    if (size === 0) file.wasKilled = false
    if (file.content.length === size) return
    file.content = Buffer.concat([file.content.subarray(0, size)], size)
    file.before = undefined
    if (file.state === 'open') return
    file.kept = file.content
    this.#judge(file)
  }

  #judge(file: ModelFile): void {
    const { name, content, members, wasKilled } = file
    const isHeld = name.includes('/') || name.startsWith('.') || wasKilled || (content.length === 0 && !members)
    file.state = isHeld ? 'held' : 'queued'
    file.isCutOff = false
  }

  /** Of one of those that are open, if there are any: 0 was opened last. */
  #index(handle: number): number {
    const { length } = this.#descriptors
    return length - 1 - (handle % Math.max(1, length))
  }

  #at(name: string): ModelFile | undefined {
    return this.#files.find((it) => it.name === name && it.state !== 'gone')
  }

  #inFolder(): ModelFile[] {
    return this.#files.filter((it) => it.name.startsWith(`${folder}/`) && it.state !== 'gone')
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1)
  }
}

const newFile = {
  state: 'open',
  kept: undefined,
  before: undefined,
  openings: 0,
  wasKilled: false,
  isCutOff: false,
} as const

async function isContent({ content, members }: ModelFile, bytes: Buffer, unzip: Unzip): Promise<boolean> {
  if (!members) return bytes.equals(content)
  const found = await unzip(bytes)
  return found.size === members.size && [...members].every(([name, it]) => found.get(name)?.equals(it) === true)
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
