/** Where the gateway keeps what, in the ways that are known or must be reckoned with. Pure. */
import type { EpochMs } from '../units.js'
import type { Partner } from '../view/partner.js'

/** `by-message` and `by-mdn` are flat lists, named by the id of the message or the receipt's own; `dated` has a folder a day. */
export type MdnLayout = 'by-partner' | 'by-message' | 'by-mdn' | 'dated'
/** A folder for each message; or none, and the time in front of the name; or the name as it came. */
export type FileLayout = 'by-message' | 'flat-by-time' | 'flat'

export const root = 'AS2/'

interface StoredMdn extends Partner {
  /** The message's. */
  readonly folder: string
  /** Its own Message-ID, without `<>`. */
  readonly id: string
  /** Which of the message's receipts it is, from 1. */
  readonly nth: number
  readonly at: EpochMs
}

export function mdnKey(layout: MdnLayout, direction: 'incoming' | 'outgoing', mdn: StoredMdn): string {
  const { station, partner, folder, id, nth, at } = mdn
  const base = `${root}raw-mdn/${direction}`
  const name = `${folder}${nth > 1 ? `_${nth}` : ''}.mdn`
  switch (layout) {
    case 'by-partner':
      return `${base}/${station}/${partner}/${name}`
    case 'by-message':
      return `${base}/${name}`
    case 'by-mdn':
      return `${base}/${id.replace(/@.*/, '')}.mdn`
    case 'dated':
      return `${base}/${new Date(at).toISOString().slice(0, 10).replaceAll('-', '/')}/${name}`
  }
}

interface StoredFile extends Partner {
  readonly folder: string
  readonly filename: string
  readonly at: EpochMs
}

export function fileKey(layout: FileLayout, box: 'inbox' | 'outbox', file: StoredFile): string {
  const { station, partner, folder, filename, at } = file
  const base = `${root}files/${station}/${partner}/${box}`
  switch (layout) {
    case 'by-message':
      return `${base}/${folder}/${filename}`
    case 'flat-by-time':
      return `${base}/${new Date(at).toISOString().replaceAll(/[-:.Z]/g, '')}_${filename}`
    case 'flat':
      return `${base}/${filename}`
  }
}
