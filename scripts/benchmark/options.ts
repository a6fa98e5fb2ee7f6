/** What the command line asks for. */
import { parseArgs } from 'node:util'
import { otherNames, type Lineup } from './contenders.js'
import { linkNames, type LinkName } from './link.js'
import { fullSizes, quickSizes, smallSizes, type Sizes } from './sizes.js'
import { usualPlace } from './workspace.js'

/** All; what the aims need, and no more; little of all, to try the benchmark itself. */
export type Scale = 'full' | 'quick' | 'small'

export interface Options {
  readonly scale: Scale
  readonly only: readonly string[] | undefined
  readonly links: readonly LinkName[]
  readonly runs: number
  readonly lineup: Lineup
  readonly sizes: Sizes
  /** Where mounts, spools and caches are. */
  readonly place: string
  /** Figures to show in place of new ones. */
  readonly from: string | undefined
  readonly save: string | undefined
  readonly compare: string | undefined
  readonly document: string | undefined
}

export const usage = `Usage: scripts/bench [--quick] [--only NAME[,NAME]] [--links NAME[,NAME]] [--runs N]
                     [--as2fs PROGRAM] [--rclone PROGRAM] [--before DIR] [--against NAME[,NAME]] [--place DIR]
                     [--save FILE] [--compare FILE] [--document FILE]
       scripts/bench --packaged …
       scripts/bench --from FILE [--compare FILE] [--document FILE]

Compares as2fs with rclone mount and s3fs on one S3 server in this machine, and says which aims hold.
Exit code: 0 all aims that were measured hold, and nothing is slower than in the file of --compare; 3 not so;
1 it could not be measured.

  --quick           what the aims need, under 5 minutes, and the verdict alone
  --only NAMES      of: NAMES_OF_ITEMS;
                    'partners*' for all that begin so
  --links NAMES     of: ${linkNames.join(', ')}
  --runs N          how often each piece of work is done; 3
  --small           little of everything, once: tries the benchmark, and says nothing of as2fs
  --packaged        as2fs as packages have it, which are made for this; it comes first
  --as2fs PROGRAM   this as2fs instead of the checkout's: one that is packaged, say
  --rclone PROGRAM  this rclone instead of the one in PATH: scripts/newest-rclone fetches one
  --before DIR      another checkout of as2fs, built (npm ci && npm run build): what has become faster or slower since?
  --against NAMES   compare with these only, of: before, rclone, s3fs
  --place DIR       where mounts, spools and caches are; ${usualPlace}
  --save FILE       the figures and what they were measured on, as JSON
  --compare FILE    with figures that were saved: what is slower now, beyond the noise?
  --from FILE       measures nothing, and shows figures that were saved
  --document FILE   puts the tables into a document, between its marks`

/** @param names as they are, or the beginning of some and a star */
export function isNamed(item: string, names: readonly string[]): boolean {
  return names.some((it) => (it.endsWith('*') ? item.startsWith(it.slice(0, -1)) : item === it))
}

/** @throws Error with a sentence for the user; undefined: only help was asked for */
export function parseOptions(args: readonly string[], items: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: table })
  if (values.help) return undefined
  const { as2fs, before, from, save, compare, document, place } = values
  const [only, against] = [values.only?.split(','), values.against?.split(',')]
  refuseUnknown(only, items, (name) => items.some((it) => isNamed(it, [name])))
  refuseUnknown(against, otherNames, (name) => otherNames.some((it) => it === name))
  const links = values.links?.split(',') ?? linkNames
  refuseUnknown(links, linkNames, isLink)
  const scale = values.small ? 'small' : values.quick ? 'quick' : 'full'
  const runs = Number(values.runs ?? (scale === 'small' ? 1 : 3))
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs wants a number from 1')
  return {
    ...{ scale, only, links: links.filter(isLink), runs },
    lineup: { as2fs, before, rclone: values.rclone, against },
    sizes: sizesOf[scale],
    ...{ place, from, save, compare, document },
  }
}

const sizesOf: Readonly<Record<Scale, Sizes>> = { full: fullSizes, quick: quickSizes, small: smallSizes }

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const table = {
  quick: flag,
  small: flag,
  only: text,
  links: text,
  runs: text,
  as2fs: text,
  rclone: { ...text, default: 'rclone' },
  before: text,
  against: text,
  place: { ...text, default: usualPlace },
  save: text,
  compare: text,
  from: text,
  document: text,
  help: { ...flag, short: 'h' },
} as const

function isLink(name: string): name is LinkName {
  return linkNames.some((it) => it === name)
}

function refuseUnknown(
  names: readonly string[] | undefined,
  known: readonly string[],
  isKnown: (name: string) => boolean,
): void {
  const unknown = names?.find((it) => !isKnown(it))
  if (unknown !== undefined) throw new Error(`there is no ${unknown}; there are ${known.join(', ')}`)
}
