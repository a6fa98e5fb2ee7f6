/** The partners and views of the model with many of them: where they are shown, and where in the bucket they are. Pure. */
import { encodeName } from '../../src/view/names.js'
import { stationName } from '../../src/view/tree.js'
import { roots } from './read-views.js'

export interface ManyPartner {
  readonly station: string
  readonly partner: string
}

export interface ManyView {
  readonly of: ManyPartner
  readonly path: string
  /** Of its own keys. */
  readonly prefix: string
  /** Of what is listed for it, where all partners share that. */
  readonly listed: string
  /** Whether its keys come in the order of time. */
  readonly isOrdered: boolean
}

const stations = ['A', 'A-', 'AB'] as const
/** Names that begin alike, and that sort beside one another where folders don't. */
const endings = ['', '-', '.x', '0', ' b', '%', 'é'] as const

/** So many, over so many stations. */
export function manyPartners(count: number, over: number): readonly ManyPartner[] {
  return Array.from({ length: count }, (_, i) => ({
    station: stations[i % over] ?? stations[0],
    partner: `P${Math.floor(i / endings.length)}${endings[i % endings.length] ?? ''}`,
  }))
}

/** As `ls` of a partner shows them; where each is in the bucket. */
const places: readonly (readonly [path: string, root: string, folder: string])[] = [
  ['inbox', 'files', 'inbox/'],
  ['outbox', 'files', 'outbox/'],
  ['duplicate', 'duplicate', ''],
  ['headers/inbox', 'headers', 'inbox/'],
  ['headers/outbox', 'headers', 'outbox/'],
  ['raw-message/inbox', 'raw-message', 'inbox/'],
  ['raw-message/outbox', 'raw-message', 'outbox/'],
  ['mdn/incoming', 'raw-mdn/incoming', ''],
  ['mdn/outgoing', 'raw-mdn/outgoing', ''],
]
export const viewCount = places.length

export function manyView(of: ManyPartner, nth: number): ManyView {
  const [path, root, folder] = places[nth % places.length] ?? ['inbox', 'files', 'inbox/']
  const prefix = `AS2/${root}/${of.station}/${of.partner}/${folder}`
  return {
    ...{ of, prefix, path: `${pathOf(of)}/${path}` },
    listed: root.startsWith('raw-mdn') ? `AS2/${root}/` : prefix,
    isOrdered: root !== 'duplicate' && !root.startsWith('raw-mdn'),
  }
}

export function viewsOf(of: ManyPartner): ManyView[] {
  return places.map((_, nth) => manyView(of, nth))
}

export function pathOf({ station, partner }: ManyPartner): string {
  return `/${stationName(station)}/${encodeName(partner)}`
}

/** Below these a partner is found, if it has anything there. */
export function rootsOf({ station, partner }: ManyPartner): readonly string[] {
  return roots.map((root) => `${root}${station}/${partner}/`)
}

export function stationPrefixes(station: string): readonly string[] {
  return roots.map((root) => `${root}${station}/`)
}
