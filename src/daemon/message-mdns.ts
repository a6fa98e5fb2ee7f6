/** The MDN of a message, by what receipts say, and where none does, by their names; and where one is shown. */
import type { CancelSignal } from '../cancellation.js'
import type { Objects } from '../data/objects.js'
import { FsError } from '../errors.js'
import type { DirectoryEntry, Filesystem } from '../fs/filesystem.js'
import type { Views } from '../fs/views.js'
import type { FileEntry } from '../listing/listing.js'
import type { Receipt } from '../mdn/mdn-table.js'
import { entityOf, fieldsOf } from '../mdn/mime.js'
import type { Receipts } from '../mdn/receipts.js'
import type { Name } from '../units.js'
import { decodeName, encodeName } from '../view/names.js'
import type { Partner } from '../view/partner.js'
import { stationName, type MdnDirection } from '../view/tree.js'

export interface MessageMdnsOptions {
  readonly fs: Filesystem
  readonly views: Views
  readonly objects: Objects
  readonly receipts: Receipts
}

/** What is known of the MDN of a message. */
export interface FoundMdn {
  /** In the mount. */
  readonly mdn: string
  /** Undefined: it was found by its name. */
  readonly disposition?: string | undefined
}

/** Headers are smaller. */
const mostRead = 64 * 1024

export class MessageMdns {
  readonly #options: MessageMdnsOptions

  constructor(options: MessageMdnsOptions) {
    this.#options = options
  }

  /** The one that went out for a message that came in: the latest. */
  async ofReceived(owner: Partner, message: Name, signal: CancelSignal): Promise<FoundMdn | undefined> {
    const { receipts } = this.#options
    const names = await this.#namesIn(folderOf(owner, 'outgoing'), signal)
    await receipts.settled()
    const row = (await this.#answer(owner, message, signal))?.row
    const mdn = row === undefined ? undefined : await this.pathOf(row, owner)
    if (row === undefined || mdn === undefined) return named(names, message, folderOf(owner, 'outgoing'))
    return { mdn, disposition: (await receipts.details(row))?.says?.disposition }
  }

  /** One that came in for a message that was sent, by its name alone. */
  async namedFor(owner: Partner, message: Name, signal: CancelSignal): Promise<FoundMdn | undefined> {
    const folder = folderOf(owner, 'incoming')
    return named(await this.#namesIn(folder, signal), message, folder)
  }

  /** Where an MDN that was read is shown. */
  async pathOf(row: number, owner: Partner): Promise<string | undefined> {
    const id = (await this.#options.receipts.details(row))?.id
    if (!id) return undefined
    const segments = id.key.split('/')
    const isOwn = segments.length > 2 && segments[0] === owner.station && segments[1] === owner.partner
    const names = (isOwn ? segments.slice(2) : segments).map(encodeName)
    return `${folderOf(owner, id.direction)}/${names.join('/')}`
  }

  /** By the folder of the message; else by the Message-ID of its headers, which is then known to be this partner's. */
  async #answer(owner: Partner, message: Name, signal: CancelSignal): Promise<Receipt | undefined> {
    const { receipts } = this.#options
    const byFolder = receipts.answersTo(owner, decodeName(message)?.segment ?? message, 'outgoing').at(-1)
    if (byFolder || !receipts.isOn) return byFolder
    const id = await this.#messageIdOf(owner, message, signal)
    if (id === undefined) return undefined
    receipts.claim(owner, 'outgoing', [id])
    return receipts.answersTo(owner, id, 'outgoing').at(-1)
  }

  async #messageIdOf(owner: Partner, message: Name, signal: CancelSignal): Promise<string | undefined> {
    const entry = await this.#headersOf(owner, message, signal).catch(noneOf)
    if (!entry || entry.size === 0) return undefined
    const object = this.#options.objects.open(entry)
    try {
      const bytes = await object.read({ start: 0, end: Math.min(entry.size, mostRead) }, signal)
      const text = Buffer.from(bytes).toString('latin1')
      return (entityOf(text).headers.get('message-id') ?? fieldsOf(text).get('message-id'))?.at(-1)
    } catch (error) {
      if (error instanceof FsError) return undefined
      throw error
    } finally {
      object.close()
    }
  }

  /** `headers/inbox/<message>`, or the first file in that. */
  async #headersOf(owner: Partner, message: Name, signal: CancelSignal): Promise<FileEntry | undefined> {
    const of = { station: stationName(owner.station), partner: encodeName(owner.partner) }
    const place = { kind: 'view', ...of, view: 'headers/inbox' } as const
    const entry = await this.#options.views.entry({ ...place, names: [message] }, signal)
    if (entry.kind === 'file') return entry
    const [name] = await this.#namesIn(`/${of.station}/${of.partner}/headers/inbox/${message}`, signal)
    if (name === undefined) return undefined
    const first = await this.#options.views.entry({ ...place, names: [message, name as Name] }, signal)
    return first.kind === 'file' ? first : undefined
  }

  /** Who looks there has the receipts read. None of what can't be looked at. */
  async #namesIn(folder: string, signal: CancelSignal): Promise<readonly string[]> {
    const entries: Iterable<DirectoryEntry> = (await this.#options.fs.readdir(folder, signal).catch(noneOf)) ?? []
    return [...entries].map((it) => it.name)
  }
}

function folderOf({ station, partner }: Partner, direction: MdnDirection): string {
  return `/${stationName(station)}/${encodeName(partner)}/mdn/${direction}`
}

function named(names: readonly string[], message: Name, folder: string): FoundMdn | undefined {
  const name = names.find((it) => it === message || it.startsWith(`${message}.`))
  return name === undefined ? undefined : { mdn: `${folder}/${name}` }
}

/** What can't be looked at now tells nothing. */
function noneOf(error: unknown): undefined {
  if (error instanceof FsError) return undefined
  throw error
}
