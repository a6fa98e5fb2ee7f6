/** How much garbage V8 lets lie before it looks for it. It goes by this at the end of each collection, whenever that is. */
import { setFlagsFromString } from 'node:v8'

/**
 * For the start of a Node that becomes a daemon: MiB for what was made just now. V8 begins with less, and copies all that is loaded several times;
 * it goes up to 16 and more, and a daemon that listed a large view would keep all of it. A package's starter has the same.
 */
export const newSpaceFlags: readonly string[] = ['--min-semi-space-size=4', '--max-semi-space-size=4']

/** A daemon that listed a large view would keep the chaff: V8 lets a heap double, and more, as a rule. */
export function collectOften(): void {
  setFlagsFromString('--heap-growing-percent=20')
}

/**
 * Node makes a buffer for each 64 KiB that come over a connection: a GiB of them would be collected 60 times, which takes a
 * third of the time that reading takes. They are small beside the blocks that are kept, so they may lie a while.
 */
export function collectRarely(): void {
  setFlagsFromString('--heap-growing-percent=400')
}
