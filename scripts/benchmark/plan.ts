/** Which work is done on which links, by whom. */
import type { Milliseconds } from '../../src/units.js'
import type { Contender } from './contenders.js'
import type { Item } from './item.js'
import type { Link, LinkName } from './link.js'
import { isNamed, type Options } from './options.js'

/** What took longer is not done again: the second digit does not matter any more. */
export const longEnough: Milliseconds = 20_000

interface Quick {
  readonly links: readonly LinkName[]
  /** Whether the peers take part, or as2fs alone, to be compared with what it was. */
  readonly hasPeers: boolean
  /** Of what hardly varies. */
  readonly runs?: number
}

const withPeers = (...links: readonly LinkName[]): Quick => ({ links, hasPeers: true })
const own = (...links: readonly LinkName[]): Quick => ({ links, hasPeers: false })

/** What the aims need; 25 ms away the peers take minutes, and that is known. */
const quickly: Readonly<Record<string, readonly Quick[]>> = {
  alone: [own('plain', 'tls')],
  find: [withPeers('plain'), own('far')],
  'ls-l': [withPeers('plain')],
  cp: [withPeers('plain', 'tls'), own('far')],
  'flat-find': [withPeers('plain')],
  'flat-ls-l': [withPeers('plain')],
  read: [withPeers('plain', 'tls'), own('far')],
  'send-small': [withPeers('plain'), own('far')],
  'send-waiting': [own('plain')],
  start: [withPeers('plain')],
  status: [own('plain')],
  memory: [{ ...own('plain'), runs: 1 }],
}

export function isPlanned(name: string, { name: link }: Link, { only, scale, links }: Options): boolean {
  const isWanted = links.includes(link) && (only === undefined || isNamed(name, only))
  return isWanted && (scale !== 'quick' || quickOf(name, link) !== undefined)
}

/** Of those who take part at all. */
export function plannedFor(
  { name, isOwn = false }: Item,
  link: Link,
  contenders: readonly Contender[],
  { scale }: Options,
): readonly Contender[] {
  const isAlone = isOwn || (scale === 'quick' && quickOf(name, link.name)?.hasPeers === false)
  return isAlone ? contenders.filter((it) => it.name === 'as2fs' || it.name === 'before') : contenders
}

/** On how many mounts, one after the other. */
export function plannedRuns({ name, isOneMount = false }: Item, link: Link, { scale, runs }: Options): number {
  const quickRuns = scale === 'quick' ? quickOf(name, link.name)?.runs : undefined
  return isOneMount ? 1 : Math.min(runs, quickRuns ?? runs)
}

function quickOf(name: string, link: LinkName): Quick | undefined {
  return quickly[name]?.find((it) => it.links.includes(link))
}
