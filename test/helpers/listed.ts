/** Objects as a listing would have them, and listings of them. */
import fc from 'fast-check'
import type { ObjectInfo } from '../../src/s3/store.js'
import type { Key, Prefix } from '../../src/units.js'

export const inbox = 'AS2/files/A/B/inbox/' as Prefix

export interface Listed {
  readonly key: string
  readonly size?: number
  readonly mtime?: number
  readonly etag?: string
}

/** @param listed keys below the inbox, in any order @returns them in key order */
export function objectsOf(listed: Iterable<string | Listed>): ObjectInfo[] {
  const objects = [...listed].map((it): ObjectInfo => {
    const { key, size = 1, mtime = 1_000, etag = 'e' } = typeof it === 'string' ? { key: it } : it
    return { key: (inbox + key) as Key, size, mtime, etag }
  })
  const bytes = new Map(objects.map((it) => [it, Buffer.from(it.key)]))
  return objects.sort((a, b) => Buffer.compare(bytes.get(a)!, bytes.get(b)!))
}

/** Many messages, each in a folder of its own; each second one came in parts. */
export function* messages(count: number, first = 720_784_109_390_000): Generator<ObjectInfo> {
  for (let i = 0; i < count; i += 1) {
    const etag = (i * 2_654_435_761).toString(16).padStart(32, '0').slice(-32) + (i % 2 === 0 ? '' : `-${i % 10_000}`)
    yield { key: `${inbox}${first + i}/order.edi` as Key, size: 2_000 + i, mtime: 1_000 * i, etag }
  }
}

/** Keys of few characters, among them those that names must escape, that sort around `/`, and beyond the BMP. */
export const anyKey = fc
  .array(fc.constantFrom('a', 'b', '%', '2', 'F', '.', '-', '0', '~', '\n', 'é', '\uffee', '\u{1f600}', '/', '/'), {
    minLength: 1,
    maxLength: 8,
  })
  .map((it) => it.join(''))

/** Keys whose names are cut, among them an object and a folder of the same name. */
const anyLongKey = fc.oneof(
  anyKey.map(long),
  fc.constantFrom('', '!', '/', '/b', '/c').map((end) => `${long('a')}${end}`),
)

/** Different keys with sizes, times and ETags. */
export const anyObjects = fc
  .uniqueArray(
    fc.record({
      key: fc.oneof({ arbitrary: anyKey, weight: 9 }, { arbitrary: anyLongKey, weight: 1 }),
      size: fc.constantFrom(0, 1, 5_000_000_000),
      mtime: fc.integer({ min: 1, max: 5_000 }),
      etag: fc.constantFrom(
        '',
        'e',
        'd41d8cd98f00b204e9800998ecf8427e',
        'D41D8CD98F00B204E9800998ECF8427E',
        ...['-7', '-10000', '-65536', '-07', '-', '-7x', '7'].map((end) => '0'.repeat(32) + end),
      ),
    }),
    { selector: (it) => it.key, maxLength: 25 },
  )
  .map(objectsOf)

/** So long that its name is cut. */
function long(key: string): string {
  return `${'x'.repeat(250)}${key.replaceAll('/', '')}${'y'.repeat(30)}`
}
