/** What the keys may do: list each view, read an object, and put one, which is tried without making any. */
import type { MountConfig } from '../config.js'
import { shellWord } from '../shell-word.js'
import { timeLimit } from '../patience.js'
import { randomBytes } from 'node:crypto'
import { isDenied, StoreError } from '../s3/store-error.js'
import type { ListPage, ObjectInfo, Store } from '../s3/store.js'
import type { Key, Milliseconds, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { mdnPrefix, sendPrefix } from '../view/tree.js'
import { failure, ok, shared, skipped, warning, type Check, type Finding } from './check.js'

type Where = Pick<MountConfig, 'bucket' | 'prefix' | 'stations' | 'readOnly'>

/** What is listed, and what a mount can't show if it may not be. */
const views: readonly (readonly [folder: string, loss: string])[] = [
  ['files', 'nothing that came in or was sent is seen'],
  ['headers', 'headers/ stays closed'],
  ['raw-message', 'raw-message/ stays closed'],
  ['raw-mdn/incoming', 'receipts of partners are not seen, nor what was delivered'],
  ['raw-mdn/outgoing', 'receipts that went out are not seen'],
  ['send', 'that the gateway has taken a file is not seen'],
  ['duplicate', 'what the gateway took for a duplicate is not seen'],
]
/** Enough to find one that is not empty. */
const pageSize = 20
/** For the end of what was begun, whatever else is over. */
const abortWithin: Milliseconds = 4_000

export function viewChecks(config: Where, store: Store): readonly Check[] {
  const lists = views.map(([folder, loss]) => {
    const list = shared((signal) => listed(config, store, folder, signal))
    return { folder, loss, list }
  })
  const objects = async (signal: AbortSignal): Promise<readonly ObjectInfo[]> => {
    const pages = await Promise.allSettled(lists.map(({ list }) => list(signal)))
    return pages.flatMap((it) => (it.status === 'fulfilled' ? it.value.objects : []))
  }
  const needs = ['bucket', 'prefix']
  return [
    ...lists.map(({ folder, loss, list }): Check => ({
      name: `list ${folder}/`,
      group: 'bucket',
      needs: ['bucket'],
      run: async (signal) => listFound(`${config.prefix}${folder}/`, loss, await list(signal).catch(storeErrorOrThrow)),
    })),
    {
      name: 'read',
      group: 'bucket',
      needs,
      run: async (signal) => readFound(config, store, await objects(signal), signal),
    },
    {
      name: 'send',
      group: 'bucket',
      needs,
      run: async (signal) => putFound(config, store, await objects(signal), signal),
    },
  ]
}

/** Keys may be allowed no more than what is of some partners. */
async function listed(
  { prefix, stations }: Where,
  store: Store,
  folder: string,
  signal: AbortSignal,
): Promise<ListPage> {
  const list = (below: string) => store.list({ prefix: below as Prefix, maxKeys: pageSize, failsFast: true }, signal)
  const whole = `${prefix}${folder}/`
  const [pair] = stations
  return list(whole).catch((error: unknown) => {
    if (!pair || folder.startsWith('raw-mdn') || !isDenied(error)) throw error
    return list(`${whole}${pair.station}/${pair.partner}/`)
  })
}

function listFound(prefix: string, loss: string, found: ListPage | StoreError): Finding {
  if (!(found instanceof StoreError))
    return ok(found.objects.length === 0 ? 'allowed; there is nothing yet' : 'allowed')
  if (!isDenied(found)) return failure(found.message)
  const text = `The keys may not list ${prefix} (${found.s3Code}), so ${loss}: allow s3:ListBucket there.`
  return prefix.endsWith('/files/') ? failure(text) : warning(text)
}

async function readFound(
  where: Where,
  store: Store,
  objects: readonly ObjectInfo[],
  signal: AbortSignal,
): Promise<Finding> {
  // What is to be sent is nobody's to read.
  const object = objects.find(({ size, key }) => size > 0 && !key.startsWith(sendPrefix(where.prefix)))
  if (!object) return skipped('there is no object yet that could be read')
  const { key, etag } = object
  try {
    await store.get({ key, etag, range: { start: 0, end: 1 } }, signal)
    return ok(`allowed (a byte of ${key})`)
  } catch (error) {
    const { s3Code, message, code } = storeErrorOrThrow(error)
    if (isDenied(error))
      return failure(
        `${message.replace(/\.$/, '')}: allow s3:GetObject below ${where.prefix}, and kms:Decrypt if it is encrypted by a key of yours.`,
      )
    if (s3Code === 'InvalidObjectState') return warning(message)
    return code === 'ENOENT' || code === 'ESTALE' ? ok(`allowed (${key} went away meanwhile)`) : failure(message)
  }
}

async function putFound(
  where: Where,
  store: Store,
  objects: readonly ObjectInfo[],
  signal: AbortSignal,
): Promise<Finding> {
  if (where.readOnly) return skipped('not needed with --read-only')
  const partner = where.stations[0] ?? partnerIn(where.prefix, objects)
  if (!partner) return skipped('no station and partner is known yet: name one with --station')
  const folder = `${sendPrefix(where.prefix)}${partner.station}/${partner.partner}/`
  // Never completed, so never an object: nothing is sent.
  const key = `${folder}.as2fs-doctor-${randomBytes(8).toString('hex')}` as Key
  try {
    const upload = await store.createMultipart(key, signal)
    return (
      (await left(where, store, key, upload)) ??
      ok(`allowed below ${folder} (an upload was begun and aborted, no object was made)`)
    )
  } catch (error) {
    const { message, failure: kind } = storeErrorOrThrow(error)
    if (isDenied(error))
      return failure(
        `The keys may not put anything below ${folder} (AccessDenied): allow s3:PutObject there, and kms:GenerateDataKey if the bucket is encrypted by a key of yours.`,
      )
    const rest =
      kind === 'transient'
        ? ` If it did begin, an upload without parts stays at ${key}: no object, and nothing is sent.`
        : ''
    return failure(`${message}${rest}`)
  }
}

/** @returns what is to be said if the upload stays */
async function left({ bucket }: Where, store: Store, key: Key, upload: string): Promise<Finding | undefined> {
  // Not by the signal of the check: what was begun must be ended.
  const error = await store.abortMultipart(key, upload, timeLimit(abortWithin)).then(
    () => undefined,
    (reason: unknown) => storeErrorOrThrow(reason),
  )
  if (!error) return undefined
  const why = isDenied(error)
    ? 'the keys may put, but not abort: allow s3:AbortMultipartUpload'
    : error.message.replace(/\.$/, '')
  return warning(
    `An upload that was begun to try the keys could not be aborted (${why}); it has no parts, makes no object and sends nothing. ` +
      `To end it: aws s3api abort-multipart-upload --bucket ${shellWord(bucket)} --key ${shellWord(key)} --upload-id ${shellWord(upload)}`,
  )
}

/** Of the first key that names one. */
function partnerIn(root: Prefix, objects: readonly ObjectInfo[]): Partner | undefined {
  for (const { key } of objects) {
    if (mdnDirections.some((it) => key.startsWith(mdnPrefix(root, it)))) continue
    const [, station = '', partner = '', ...rest] = key.slice(root.length).split('/')
    if (station !== '' && partner !== '' && rest.length > 0) return { station, partner }
  }
  return undefined
}

const mdnDirections = ['incoming', 'outgoing'] as const

function storeErrorOrThrow(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  throw error
}
