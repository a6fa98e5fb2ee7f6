/** A mount whose bucket has received some messages, and what its new/ looks like. */
import { readdir } from 'node:fs/promises'
import type { Test } from 'tap'
import { mount, prepare, type Mounted, type MountOptions } from './mounted.js'

export const inbox = 'AS2/files/ACME/GLOBEX/inbox'
/** Its key is `<folder>/<name>`. */
const messages = [1, 2, 3].map((it) => ({ folder: `72078410939778${it}`, name: `order_${it}.edi` }))
export const names = messages.map(({ folder, name }) => `${folder}_${name}`)
export const [first = '', second = '', third = ''] = names

export const received: Readonly<Record<string, string>> = Object.fromEntries(
  messages.map(({ folder, name }) => [`${inbox}/${folder}/${name}`, `content of ${name}`]),
)

/** Listings are renewed at each look, and compared with the whole each second. */
const flags = ['--list-ttl', '0s', '--reconcile', '1s']

export function mountReceived(t: Test, options: MountOptions = {}): Promise<Mounted> {
  return mount(t, { objects: received, ...options, flags: [...flags, ...(options.flags ?? [])] })
}

export function prepareReceived(t: Test, options: MountOptions = {}): Promise<Mounted> {
  return prepare(t, { objects: received, ...options, flags: [...flags, ...(options.flags ?? [])] })
}

/** In new/, or a folder in it, sorted. */
export async function inNew(mounted: Mounted, folder = ''): Promise<string[]> {
  return (await readdir(newPath(mounted, folder))).sort()
}

export function newPath(mounted: Mounted, ...names: string[]): string {
  return mounted.path('ACME/GLOBEX/new', ...names)
}
