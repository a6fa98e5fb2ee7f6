/** What an acceptable page of a listing is: a whole one, of what was asked for, and after what came before. Pure. */
import { ForeignAnswer } from './foreign-answer.js'
import { compareKeys } from './key-order.js'
import { decodeKey, type ListedPage } from './list-page.js'
import type { ListPage, ListRequest } from './store.js'

/** How far a listing has come: what `ListPage.next` says of it to `ListRequest.token`. */
export interface Position {
  /** The server's own. */
  readonly token: string
  /** The last key, or prefix, of all pages so far. */
  readonly last: string
  /** Pages in a row that had nothing in them. */
  readonly empty: number
}

/** S3 may pass over many deleted keys at a time; without a limit a listing would never end. */
const mostEmptyPages = 1_000
/** As a part of a URL. */
const longestToken = 8_192

export function positionOf(token: string): Position {
  return JSON.parse(token) as Position
}

/**
 * @param before what was asked to be continued
 * @throws ForeignAnswer that says what is wrong with it
 */
export function acceptPage(page: ListedPage, request: ListRequest, before: Position | undefined): ListPage {
  const { objects, prefix } = page
  // Keys say themselves whose they are; that there are none is said of something only by its name.
  const isNamed = prefix !== undefined || objects.length + page.prefixes.length === 0
  requireThat(!isNamed || isOf(page, request.prefix), 'it is of another folder, or of none')
  const last = before?.last ?? request.startAfter ?? ''
  const keys = objects.map((it) => it.key)
  const lastKey = requireOrder(keys, request.prefix, last)
  // A folder whose keys are on two pages is named on both by some servers.
  const prefixes = page.prefixes.filter((it) => it !== last)
  requireFolders(page, prefixes, request)
  const lastPrefix = requireOrder(prefixes, request.prefix, isWithin(last, prefixes[0]) ? '' : last)
  const farthest = compareKeys(lastKey, lastPrefix) > 0 ? lastKey : lastPrefix
  return { objects, prefixes, next: nextOf(page, farthest, before) }
}

function isOf({ prefix, isEncoded }: ListedPage, asked: string): boolean {
  return prefix === asked || (isEncoded && prefix !== undefined && decodeKey(prefix) === asked)
}

/** A start within a folder does not keep it from being listed. */
function isWithin(key: string, folder: string | undefined): boolean {
  return folder !== undefined && key.startsWith(folder)
}

function requireOrder(names: readonly string[], prefix: string, after: string): string {
  let last = after
  // Those of the page begin with the prefix, all of them.
  let shared = 0
  for (const name of names) {
    if (!name.startsWith(prefix)) wrong(`it has ${name}, of another folder`)
    if (compareKeys(last, name, shared) >= 0) wrong(`${name} is not in its place in it`)
    last = name
    shared = prefix.length
  }
  return last
}

/** Folders are told as such where that was asked for, and only there. */
function requireFolders(
  { objects }: ListedPage,
  prefixes: readonly string[],
  { prefix, delimiter }: ListRequest,
): void {
  if (delimiter === undefined) {
    requireThat(prefixes.length === 0, 'it has folders that were not asked for')
    return
  }
  const areFolders = prefixes.every((it) => it.length > prefix.length && it.endsWith(delimiter))
  const areNotInFolders = objects.every((it) => !it.key.includes(delimiter, prefix.length))
  requireThat(areFolders && areNotInFolders, 'what is in folders is not told as such')
}

function nextOf(
  { isTruncated, token, objects, prefixes }: ListedPage,
  last: string,
  before: Position | undefined,
): string | undefined {
  if (isTruncated === 'false') return undefined
  requireThat(isTruncated === 'true', 'it does not say whether it is all')
  requireThat(token !== undefined && token !== '' && token.length <= longestToken, 'it does not say how to go on')
  requireThat(token !== before?.token, 'it leads to itself')
  const empty = objects.length + prefixes.length === 0 ? (before?.empty ?? 0) + 1 : 0
  requireThat(empty <= mostEmptyPages, 'it leads nowhere')
  const next: Position = { token, last, empty }
  return JSON.stringify(next)
}

function requireThat(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) wrong(otherwise)
}

function wrong(how: string): never {
  throw new ForeignAnswer(`a listing that can't be right: ${how}`)
}
