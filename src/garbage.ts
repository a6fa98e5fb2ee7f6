/** How much garbage V8 lets lie before it looks for it. It goes by this at the end of each collection, whenever that is. */
import { setFlagsFromString } from 'node:v8'

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
