/** Everything of the tree that can only be read: stations, partners, views, `.as2fs/`. */
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import { encodeName } from '../view/names.js'
import { controlFolder, pairFolders, stationName, type Place } from '../view/tree.js'
import { readOnlyFolder } from './attributes.js'
import type { ControlFolder } from './control-folder.js'
import type { DirectoryOfPartners } from './directory-of-partners.js'
import type { FileDescription } from './file-description.js'
import type { Attributes, DirectoryEntry, FolderContent } from './filesystem.js'
import type { Views } from './views.js'

/** A place with nothing of its own to write to; `send/` is `SendFolder`'s, `new/` `NewFolder`'s. */
export type ReadOnlyPlace = Exclude<Place, { kind: 'send' | 'new' }>

const writable = new Set(['send', 'new'])

export interface ReadOnlyTreeOptions {
  readonly partners: DirectoryOfPartners
  readonly views: Views
  readonly control: ControlFolder
}

export class ReadOnlyTree {
  readonly #partners: DirectoryOfPartners
  readonly #views: Views
  readonly #control: ControlFolder

  constructor({ partners, views, control }: ReadOnlyTreeOptions) {
    this.#partners = partners
    this.#views = views
    this.#control = control
  }

  async getattr(place: ReadOnlyPlace, signal: CancelSignal): Promise<Attributes> {
    switch (place.kind) {
      case 'root':
      case 'control':
      case 'all-mdns':
        return readOnlyFolder()
      case 'control-file':
        return this.#control.getattr(place.name)
      case 'station':
        await this.#partners.findStation(place.station, signal)
        return readOnlyFolder()
      case 'partner':
      case 'pair':
        await this.#partners.find(place, signal)
        return readOnlyFolder()
      case 'all-mdns-of':
      case 'view':
        return this.#views.getattr(place, signal)
      case 'absent':
        throw absent()
    }
  }

  async readdir(place: ReadOnlyPlace, signal: CancelSignal): Promise<FolderContent> {
    switch (place.kind) {
      case 'root': {
        const stations = await this.#partners.stations(signal)
        return folders([controlFolder, ...stations.map(stationName)])
      }
      case 'control':
        return [...this.#control.readdir(), ...folders(['mdn'])]
      case 'all-mdns':
        return folders(pairFolders('mdn'))
      case 'station': {
        const station = await this.#partners.findStation(place.station, signal)
        return folders((await this.#partners.partners(station, signal)).map(encodeName))
      }
      case 'partner': {
        const names = await this.#views.foldersOf(await this.#partners.find(place, signal), signal)
        return folders(names).map((it) => (writable.has(it.name) ? { ...it, mode: 0o755 } : it))
      }
      case 'pair':
        await this.#partners.find(place, signal)
        return folders(pairFolders(place.pair))
      case 'all-mdns-of':
      case 'view':
        return this.#views.readdir(place, signal)
      case 'control-file':
        this.#control.getattr(place.name)
        throw new FsError('ENOTDIR', `${place.name} is a file.`)
      case 'absent':
        throw absent()
    }
  }

  /** Opens for reading. */
  async open(place: ReadOnlyPlace, signal: CancelSignal): Promise<FileDescription> {
    switch (place.kind) {
      case 'control-file':
        return this.#control.open(place.name)
      case 'all-mdns-of':
      case 'view':
        return this.#views.open(place, signal)
      case 'absent':
        throw absent()
      default:
        await this.getattr(place, signal)
        throw new FsError('EISDIR', 'That is a folder.')
    }
  }
}

function folders(names: readonly string[]): DirectoryEntry[] {
  return names.map((name) => ({ ...readOnlyFolder(), name }))
}

function absent(): FsError {
  return new FsError('ENOENT', 'There is no such file or folder here.')
}
