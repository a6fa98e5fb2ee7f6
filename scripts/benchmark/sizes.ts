/** How much work there is of each kind. */
import type { Bytes, Milliseconds } from '../../src/units.js'
import type { World } from './server/worlds.js'

export interface Sizes {
  readonly messages: number
  readonly many: number
  readonly flat: number
  /** Buckets of their own: many messages of one partner, … */
  readonly folders: World
  readonly mass: World
  /** … and many partners. */
  readonly some: World
  readonly crowd: World
  readonly mixture: World
  /** As many messages as `mass`, spread over more partners. */
  readonly spreads: readonly World[]
  readonly big: Bytes
  readonly randomReads: number
  readonly sent: number
  /** Files that wait in `send/` while others are copied there. */
  readonly waiting: number
  /** GETs of a client without a mount. */
  readonly gets: number
  /** How long the 16 readers go on. */
  readonly storm: Milliseconds
  /** After which a piece of work is given up. */
  readonly limit: Milliseconds
}

const GiB: Bytes = 1024 ** 3

export const fullSizes: Sizes = {
  messages: 1_000,
  many: 100_000,
  flat: 20_000,
  folders: { partners: 1, each: 20_000 },
  mass: { partners: 1, each: 300_000 },
  some: { partners: 300, each: 5 },
  crowd: { partners: 1_000, each: 100 },
  mixture: { partners: 10, each: 10, first: 100_000 },
  spreads: [
    { partners: 1_000, each: 300 },
    { partners: 10_000, each: 30 },
  ],
  big: GiB,
  randomReads: 500,
  sent: 100,
  waiting: 4_000,
  gets: 10_000,
  storm: 60_000,
  limit: 75_000,
}

/** As large where it is about an aim. */
export const quickSizes: Sizes = { ...fullSizes, many: 1_000, gets: 5_000 }

/** To try the benchmark itself: its figures say nothing. */
export const smallSizes: Sizes = {
  messages: 100,
  many: 5_000,
  flat: 1_000,
  folders: { partners: 1, each: 1_000 },
  mass: { partners: 1, each: 20_000 },
  some: { partners: 30, each: 5 },
  crowd: { partners: 100, each: 20 },
  mixture: { partners: 10, each: 10, first: 5_000 },
  spreads: [
    { partners: 100, each: 200 },
    { partners: 1_000, each: 20 },
  ],
  big: GiB / 8,
  randomReads: 20,
  sent: 20,
  waiting: 100,
  gets: 500,
  storm: 3_000,
  limit: 10_000,
}
