import t from 'tap'
import { PartnerCounts } from '../../src/metrics/partner-counts.js'
import { PartnerLabels } from '../../src/metrics/partner-labels.js'
import { Samples } from '../../src/metrics/samples.js'

const partner = (n: number) => ({ station: 'ACME', partner: `P${n}` })

function linesOf(counts: PartnerCounts<'queued' | 'failed'>): string[] {
  const samples = new Samples()
  counts.tell(samples, 'as2fs_sends_total')
  return samples
    .text()
    .split('\n')
    .filter((it) => it.startsWith('as2fs_sends_total'))
}

t.test('who comes when there are too many is counted with all the others, and nobody changes his name', async (t) => {
  const labels = new PartnerLabels(2)
  const counts = new PartnerCounts(['queued', 'failed'], labels)
  for (const n of [1, 2, 3, 4, 1]) counts.add(partner(n), 'queued')
  t.same(linesOf(counts), [
    'as2fs_sends_total{station="ACME",partner="P1",result="queued"} 2',
    'as2fs_sends_total{station="ACME",partner="P1",result="failed"} 0',
    'as2fs_sends_total{station="ACME",partner="P2",result="queued"} 1',
    'as2fs_sends_total{station="ACME",partner="P2",result="failed"} 0',
    'as2fs_sends_total{station="other",partner="other",result="queued"} 2',
    'as2fs_sends_total{station="other",partner="other",result="failed"} 0',
  ])
})

t.test('one that is called other is no line of its own', async (t) => {
  const labels = new PartnerLabels(1)
  const counts = new PartnerCounts(['queued', 'failed'], labels)
  counts.add({ station: 'other', partner: 'other' }, 'queued')
  counts.add(partner(1), 'queued')
  t.same(linesOf(counts), [
    'as2fs_sends_total{station="other",partner="other",result="queued"} 2',
    'as2fs_sends_total{station="other",partner="other",result="failed"} 0',
  ])
})
