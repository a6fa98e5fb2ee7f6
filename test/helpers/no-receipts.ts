/** A bucket without receipts, for tests that need none. */
import type { KnownReceipts } from '../../src/delivery/deliveries.js'

export const noReceipts: KnownReceipts = {
  isOn: true,
  isCurrent: true,
  latestRefused: () => undefined,
  changes: 0,
  look: () => undefined,
  settled: () => Promise.resolve(),
  answersTo: () => [],
  hashesOf: () => new Set(),
  countOf: () => 0,
}
