/** Of the files in `send/`: how many there are, what waits, and what became of them. */
import type { Sender } from '../send/sender.js'
import type { Partner } from '../view/partner.js'
import type { Collector } from './metrics.js'
import type { PartnerLabels } from './partner-labels.js'
import type { SendMeter } from './send-meter.js'

export interface SendingFigures {
  readonly sender: Pick<Sender, 'figures'>
  readonly meter: SendMeter
  readonly labels: PartnerLabels
  /** All that are known so far, with traffic or without. */
  readonly partners: () => Iterable<Partner>
}

export function ofSending({ sender, meter, labels, partners }: SendingFigures): Collector {
  return (samples) => {
    for (const it of partners()) labels.of(it)
    const { partners: sending, waitingBytes, oldestClose } = sender.figures()
    for (const it of sending) {
      const { station, partner } = labels.of(it)
      for (const state of states) samples.add('as2fs_send_files', it.counts[state], station, partner, state)
    }
    for (const { station, partner } of labels.all()) {
      for (const state of states) samples.add('as2fs_send_files', 0, station, partner, state)
    }
    samples.add('as2fs_send_queued_bytes', waitingBytes)
    if (oldestClose !== undefined) samples.add('as2fs_send_oldest_closed_timestamp_seconds', oldestClose / 1_000)
    meter.tell(samples)
  }
}

const states = ['open', 'held', 'queued', 'uploading', 'submitted', 'failed'] as const
