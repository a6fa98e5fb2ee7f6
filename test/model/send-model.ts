/**
 * A small model of `send/`: what must be sent of files that programs open, write, close, rename, remove and cut, while the
 * daemon crashes, the bucket fails and the gateway takes files. It follows what succeeded; what must never happen is
 * that something else is sent than what it says, or twice, or not at all.
 */
import fc from 'fast-check'

/** What is done to the thing under test. Every method rejects with an errno, and then nothing may have changed. */
export interface Driver<Handle> {
  open(name: string, truncate: boolean): Promise<Handle>
  write(handle: Handle, bytes: Buffer, position: number): Promise<void>
  /** One of two descriptors is closed; the file stays open. */
  closeDuplicate(handle: Handle): Promise<void>
  /** The last descriptor of a handle. @param isLast nobody else has the file open */
  close(handle: Handle, how: { readonly isLast: boolean; readonly isKilled: boolean }): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(name: string): Promise<void>
  truncate(name: string, size: number): Promise<void>
  crash(): Promise<void>
  /** So many of the next requests to the bucket fail, each before or after it has had its effect. */
  breakNext(faults: readonly ('before' | 'after')[]): void
  /** Uploads begin. @param isWaitedFor until nothing is on its way any more */
  upload(isWaitedFor: boolean): Promise<void>
  /** The gateway, which takes what is in `AS2/send` whenever somebody looks, falls asleep or wakes up, and takes it now. */
  take(): void
  /** How often a name was put. */
  puts(name: string): number
  /** What was put under a name, wherever the gateway has moved it. */
  sent(name: string): Buffer | undefined
  /** All names that were put. */
  names(): readonly string[]
}

export type Action =
  | { readonly do: 'open'; readonly name: string; readonly truncate: boolean }
  | { readonly do: 'write'; readonly handle: number; readonly size: number; readonly append: boolean }
  | { readonly do: 'close'; readonly handle: number; readonly isKilled: boolean }
  | { readonly do: 'closeDuplicate'; readonly handle: number }
  | { readonly do: 'rename'; readonly name: string; readonly to: string }
  | { readonly do: 'unlink' | 'truncate'; readonly name: string; readonly size: number }
  | { readonly do: 'upload'; readonly faults: readonly ('before' | 'after')[]; readonly isWaitedFor: boolean }
  | { readonly do: 'crash' | 'take' }

/** Two that are sent when they are closed, two that are held. */
const name = fc.constantFrom('a', 'b', '.a', '.b')
const handle = fc.nat({ max: 3 })
const fault = fc.constantFrom('before' as const, 'after' as const)

export function actions({ mayKill, maxLength }: { mayKill: boolean; maxLength: number }): fc.Arbitrary<Action[]> {
  const isKilled = mayKill ? fc.boolean() : fc.constant(false)
  const faults = fc.array(fault, { maxLength: 4 })
  const upload = fc.record({ do: fc.constant('upload' as const), faults, isWaitedFor: fc.boolean() })
  const one: fc.Arbitrary<Action> = fc.oneof(
    { arbitrary: fc.record({ do: fc.constant('open' as const), name, truncate: fc.boolean() }), weight: 5 },
    {
      arbitrary: fc.record({
        ...{
          do: fc.constant('write' as const),
          handle,
          size: fc.integer({ min: 1, max: 9_000 }),
          append: fc.boolean(),
        },
      }),
      weight: 6,
    },
    { arbitrary: fc.record({ do: fc.constant('close' as const), handle, isKilled }), weight: 6 },
    { arbitrary: fc.record({ do: fc.constant('closeDuplicate' as const), handle }), weight: 1 },
    { arbitrary: fc.record({ do: fc.constant('rename' as const), name, to: name }), weight: 4 },
    { arbitrary: fc.record({ do: fc.constant('unlink' as const), name, size: fc.constant(0) }), weight: 1 },
    { arbitrary: fc.record({ do: fc.constant('truncate' as const), name, size: fc.nat({ max: 5_000 }) }), weight: 1 },
    { arbitrary: upload, weight: 4 },
    { arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'take' as const) }), weight: 2 },
  )
  return fc.array(one, { maxLength, size: 'max' })
}

interface ModelFile {
  name: string
  content: Buffer
  state: 'open' | 'held' | 'queued' | 'gone'
  /** What it was before it was opened, if nothing has been written since. */
  before: 'held' | 'queued' | undefined
  writers: number
  wasKilled: boolean
}

interface ModelHandle<Handle> {
  readonly real: Handle
  readonly file: ModelFile
}

/** Runs the actions, lets everything come to rest, and tells what is wrong. */
export async function run<Handle>(driver: Driver<Handle>, all: readonly Action[]): Promise<string[]> {
  const model = new Model(driver)
  for (const action of all) await model.act(action)
  return model.finish()
}

class Model<Handle> {
  readonly #driver: Driver<Handle>
  readonly #files: ModelFile[] = []
  #handles: ModelHandle<Handle>[] = []
  #letter = 0

  constructor(driver: Driver<Handle>) {
    this.#driver = driver
  }

  async act(action: Action): Promise<void> {
    try {
      await this.#do(action)
    } catch (error) {
      // Refused: nothing has changed. Anything else than an errno is a bug.
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }

  async finish(): Promise<string[]> {
    for (const { real, file } of this.#handles.splice(0)) await this.#close(real, file, false)
    this.#driver.breakNext([])
    await this.#driver.upload(true)
    await this.#driver.crash()
    await this.#driver.upload(true)
    return [...this.#problems()]
  }

  *#problems(): Iterable<string> {
    const wanted = new Map(this.#files.filter((it) => it.state === 'queued').map((it) => [it.name, it.content]))
    for (const [name, content] of wanted) {
      const sent = this.#driver.sent(name)
      if (!sent) yield `${name} was not sent`
      else if (!sent.equals(content))
        yield `${name} was sent with ${sent.length} bytes that are not its ${content.length}`
    }
    for (const name of this.#driver.names()) {
      if (!wanted.has(name)) yield `${name} was sent, and should not`
      if (this.#driver.puts(name) > 1) yield `${name} was sent ${this.#driver.puts(name)} times`
    }
  }

  async #do(action: Action): Promise<void> {
    const driver = this.#driver
    switch (action.do) {
      case 'open':
        return this.#open(action.name, action.truncate)
      case 'write':
        return this.#write(action)
      case 'close': {
        const [it] = this.#handles.splice(this.#index(action.handle), 1)
        return it && this.#close(it.real, it.file, action.isKilled)
      }
      case 'closeDuplicate': {
        const it = this.#handles[this.#index(action.handle)]
        return it && driver.closeDuplicate(it.real)
      }
      case 'rename':
        return this.#rename(action.name, action.to)
      case 'unlink': {
        await driver.unlink(action.name)
        const file = this.#at(action.name)
        if (file) file.state = 'gone'
        return
      }
      case 'truncate':
        return this.#truncate(action.name, action.size)
      case 'crash':
        await driver.crash()
        this.#handles = []
        for (const file of this.#files) if (file.state === 'open') [file.state, file.writers] = ['held', 0]
        return
      case 'upload':
        driver.breakNext(action.faults)
        return driver.upload(action.isWaitedFor)
      case 'take': {
        driver.take()
        return
      }
    }
  }

  async #open(name: string, truncate: boolean): Promise<void> {
    if (this.#handles.length > 3) return
    const real = await this.#driver.open(name, truncate)
    let file = this.#at(name)
    if (!file) {
      file = { name, content: Buffer.alloc(0), state: 'open', before: undefined, writers: 0, wasKilled: false }
      this.#files.push(file)
    } else if (file.state !== 'open') [file.before, file.state] = [file.state as 'held' | 'queued', 'open']
    file.writers += 1
    this.#handles.push({ real, file })
    if (truncate) this.#cut(file, 0)
  }

  async #write({ handle, size, append }: Extract<Action, { do: 'write' }>): Promise<void> {
    const it = this.#handles[this.#index(handle)]
    if (!it) return
    const { file, real } = it
    const position = append ? file.content.length : 0
    const bytes = Buffer.alloc(size, 97 + (this.#letter++ % 26))
    await this.#driver.write(real, bytes, position)
    const { content } = file
    file.content = Buffer.concat([content.subarray(0, position), bytes, content.subarray(position + size)])
    file.before = undefined
  }

  async #close(real: Handle, file: ModelFile, isKilled: boolean): Promise<void> {
    const isLast = file.writers === 1
    file.writers -= 1
    if (isKilled && file.before === undefined) file.wasKilled = true
    await this.#driver.close(real, { isLast, isKilled })
    if (!isLast || file.state !== 'open') return
    file.state = file.before ?? this.#judged(file)
    file.before = undefined
  }

  async #rename(from: string, to: string): Promise<void> {
    // The kernel sees to that itself.
    if (from === to) return
    await this.#driver.rename(from, to)
    const file = this.#at(from)
    if (!file) return
    const replaced = this.#at(to)
    if (replaced) replaced.state = 'gone'
    file.name = to
    file.wasKilled = false
    if (file.state !== 'open') file.state = this.#judged(file)
  }

  async #truncate(name: string, size: number): Promise<void> {
    await this.#driver.truncate(name, size)
    const file = this.#at(name)
    if (file) this.#cut(file, size)
  }

  /** To the size that it has: nothing changes. */
  #cut(file: ModelFile, size: number): void {
    if (size === 0) file.wasKilled = false
    if (file.content.length === size) return
    file.content = Buffer.concat([file.content.subarray(0, size)], size)
    if (file.state === 'open') file.before = undefined
    else file.state = this.#judged(file)
  }

  #judged({ name, content, wasKilled }: ModelFile): 'held' | 'queued' {
    return name.startsWith('.') || content.length === 0 || wasKilled ? 'held' : 'queued'
  }

  /** Of one of those that are open, if there are any. */
  #index(handle: number): number {
    return handle % Math.max(1, this.#handles.length)
  }

  #at(name: string): ModelFile | undefined {
    return this.#files.find((it) => it.name === name && it.state !== 'gone')
  }
}
