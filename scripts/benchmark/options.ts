/** What the command line asks for. */
import { parseArgs } from 'node:util'
import type { Bytes, Milliseconds } from '../../src/units.js'
import { otherNames } from './contenders.js'
import type { World } from './server/worlds.js'

/** How much work there is of each kind. */
export interface Sizes {
  readonly messages: number
  readonly many: number
  readonly mass: number
  readonly flat: number
  /** Buckets with many partners. */
  readonly some: World
  readonly crowd: World
  readonly mixture: World
  /** Over how many partners `mass` messages are spread. */
  readonly spreads: readonly number[]
  readonly big: Bytes
  readonly randomReads: number
  readonly sent: number
  /** How long the 16 readers go on. */
  readonly storm: Milliseconds
  /** After which a piece of work is given up. */
  readonly limit: Milliseconds
}

export interface Options {
  readonly only: readonly string[] | undefined
  readonly runs: number
  /** Another checkout of as2fs that takes part. */
  readonly before: string | undefined
  /** Names of contenders besides as2fs; all if undefined. */
  readonly against: readonly string[] | undefined
  readonly sizes: Sizes
  readonly json: boolean
  readonly markdown: string | undefined
}

const GiB: Bytes = 1024 ** 3

const full: Sizes = {
  messages: 1000,
  many: 100_000,
  mass: 300_000,
  flat: 20_000,
  some: { partners: 300, each: 5 },
  crowd: { partners: 1000, each: 100 },
  mixture: { partners: 10, each: 10, first: 100_000 },
  spreads: [1, 1_000, 10_000],
  big: GiB,
  randomReads: 500,
  sent: 200,
  storm: 60_000,
  limit: 75_000,
}

const quick: Sizes = {
  messages: 100,
  many: 5_000,
  mass: 20_000,
  flat: 1_000,
  some: { partners: 30, each: 5 },
  crowd: { partners: 100, each: 20 },
  mixture: { partners: 10, each: 10, first: 5_000 },
  spreads: [1, 100, 1_000],
  big: GiB / 8,
  randomReads: 20,
  sent: 20,
  storm: 3_000,
  limit: 5_000,
}

export const usage = `Usage: scripts/bench [--quick] [--only NAME[,NAME]] [--runs N] [--before DIR]
                     [--against NAME[,NAME]] [--json] [--markdown FILE]

Compares as2fs with rclone mount and s3fs on one S3 server in this machine.

  --quick           smaller sizes and one run, under 3 minutes
  --only NAMES      of: NAMES_OF_ITEMS;
                    'partners*' for all that begin so
  --runs N          how often each piece of work is done; 3
  --before DIR      another checkout of as2fs, built (npm ci && npm run build): what has become faster or slower since?
  --against NAMES   compare with these only, of: before, rclone, s3fs
  --json            all figures to stdout instead of the table
  --markdown FILE   the table into a file, too`

/** @param names as they are, or the beginning of some and a star */
export function isNamed(item: string, names: readonly string[]): boolean {
  return names.some((it) => (it.endsWith('*') ? item.startsWith(it.slice(0, -1)) : item === it))
}

/** @throws Error with a sentence for the user; undefined: only help was asked for */
export function parseOptions(args: readonly string[], items: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      runs: { type: 'string' },
      before: { type: 'string' },
      against: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      markdown: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const only = values.only?.split(',')
  const unknown = only?.find((name) => !items.some((it) => isNamed(it, [name])))
  if (unknown !== undefined) throw new Error(`there is no ${unknown}; there are ${items.join(', ')}`)
  const { before, json, markdown } = values
  const against = values.against?.split(',')
  const stranger = against?.find((name) => !otherNames.some((it) => it === name))
  if (stranger !== undefined)
    throw new Error(`there is no ${stranger} to compare with; there are ${otherNames.join(', ')}`)
  const runs = Number(values.runs ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs wants a number from 1')
  return { only, runs, before, against, sizes: values.quick ? quick : full, json, markdown }
}
