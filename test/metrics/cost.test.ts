/** What measuring costs, in CPU time, which other programs on the machine don't add to. */
import t from 'tap'
import { Metrics } from '../../src/metrics/metrics.js'
import { ofSending } from '../../src/metrics/of-sending.js'
import { PartnerLabels } from '../../src/metrics/partner-labels.js'
import { SendMeter } from '../../src/metrics/send-meter.js'
import { MessageIndex } from '../../src/send/disk/message-index.js'
import type { Message } from '../../src/send/life/message.js'
import { OutcomeMeter } from '../../src/telemetry/outcome-meter.js'

/** The least of several rounds, in microseconds. */
function cpuOf(work: () => void): number {
  const rounds = Array.from({ length: 8 }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return user + system
  })
  return Math.min(...rounds)
}

t.test('to count a call of the kernel costs less than a microsecond', async (t) => {
  const meter = new OutcomeMeter([0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30])
  const operations = ['lookup', 'getattr', 'read', 'readdir', 'open', 'release', 'write', 'flush']
  const calls = 200_000
  const cost = cpuOf(() => {
    for (let i = 0; i < calls; i += 1)
      meter.ended(operations[i % 8] ?? '', i % 4 === 0 ? 'ENOENT' : 'OK', (i % 50) / 10)
  })
  t.ok(cost / calls < 1, `${(1_000 * cost) / calls} ns`)
})

t.test('the text of 100,000 files for 300 partners takes no look at each', async (t) => {
  const index = new MessageIndex()
  const states = ['queued', 'held', 'submitted']
  for (let i = 0; i < 100_000; i += 1) {
    const message = {
      id: `id-${i}`,
      station: 'S',
      partner: `P${i % 300}`,
      path: `f-${i}`,
      size: 10,
      mtime: 0,
      tries: 0,
    }
    index.put({ ...message, state: states[i % 3], closedAt: i } as unknown as Message)
  }
  const labels = new PartnerLabels()
  const metrics = new Metrics()
  const figures = () => {
    const { partners, waitingBytes, oldestClose } = index.tally
    return { partners, waitingBytes, oldestClose }
  }
  metrics.add(ofSending({ sender: { figures }, meter: new SendMeter(labels), labels, partners: () => [] }))
  let text = ''
  const cost = cpuOf(() => (text = metrics.text()))
  t.ok(cost < 50_000, `${cost / 1_000} ms`)
  t.match(text, /as2fs_send_files\{station="other",partner="other",state="held"\} 1[01]\d{3}\n/)
  t.ok(text.split('\n').length < 5_000, 'its length is bounded')
})
