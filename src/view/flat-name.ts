/** Keys below an inbox → names in one flat folder: the folders of a key and its name, joined. Pure. */
import { createHash } from 'node:crypto'
import type { Name } from '../units.js'
import { escapeSegment } from './names.js'

/** So that programs can add endings of their own. */
const mostBytes = 180
const hashDigits = 16
/** What is longer is no extension. */
const longestExtension = 32
/** What a name can't hold, and what reads as an escape; segments that are empty or mean another folder. */
const unusual = /[\x00-\x1f\x7f%]|(^|\/)\.{0,2}(\/|$)/
const extension = new RegExp(`(?<=.)\\.[^./]{1,${longestExtension - 1}}$`, 'u')

/**
 * `720784109397786/EN_856.txt` → `720784109397786_EN_856.txt`
 * @param path the key without the view's prefix
 */
export function flatName(path: string): Name {
  const name = joined(path)
  return (name.length * 3 <= mostBytes || Buffer.byteLength(name) <= mostBytes ? name : cut(name, path)) as Name
}

/**
 * Another name, for one of those whose plain names are the same.
 * @param attempt from 1 on
 */
export function otherFlatName(path: string, attempt: number): Name {
  return cut(joined(path), `${attempt}/${path}`)
}

function joined(path: string): string {
  return unusual.test(path) ? path.split('/').map(escapeSegment).join('_') : path.replaceAll('/', '_')
}

/** As names of views are cut, but that the extension stays. */
function cut(name: string, hashed: string): Name {
  const [ending = ''] = extension.exec(name) ?? []
  const hash = createHash('sha256').update(hashed).digest('hex').slice(0, hashDigits)
  const tail = `~${hash}${Buffer.byteLength(ending) <= longestExtension ? ending : ''}`
  const bytes = Buffer.from(name.slice(0, name.length - ending.length))
  let end = Math.min(bytes.length, mostBytes - Buffer.byteLength(tail))
  // Not in the middle of a character: continuation bytes are 10xxxxxx.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return `${bytes.subarray(0, end).toString()}${tail}` as Name
}
