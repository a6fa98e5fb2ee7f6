/** What a large queue costs: as much for each file as a small one. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatLine } from '../../src/journal/lines.js'
import type { Message } from '../../src/send/life/message.js'
import { senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const partners = ['GLOBEX', 'INITECH', 'HOOLI']

/** A mount that finds so many files in its spool. */
async function worldOf(t: Test, count: number, change: Partial<Message>, mayUpload = true): Promise<SenderWorld> {
  const world = await senderWorld(t, { onDuplicate: 'send' })
  if (!mayUpload)
    world.store.intercept = ({ operation }) => (operation === 'put' ? { hold: new Promise(() => {}) } : {})
  await world.restart((directory) => {
    mkdirSync(join(directory, 'data'), { recursive: true })
    const lines = Array.from({ length: count }, (_, i) => {
      const partner = partners[i % partners.length] ?? ''
      const file = {
        id: `id-${i}`,
        station: 'ACME',
        partner,
        path: `${i}.edi`,
        size: 1,
        mtime: i,
        closedAt: i,
        tries: 0,
      }
      const message = { ...file, state: 'queued', ...change }
      if (message.state === 'queued') writeFileSync(join(directory, 'data', file.id), 'x')
      return formatLine({ at: i, messages: [message] })
    })
    writeFileSync(join(directory, 'journal'), lines.join(''))
  })
  return world
}

/** Milliseconds of the processor, whoever else wants it. */
async function cpu(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

t.test('ten times as many queued files take ten times as long to send, not a hundred', async (t) => {
  const send = async (count: number): Promise<number> => {
    const world = await worldOf(t, count, {})
    const spent = await cpu(() =>
      until('all to be sent', () => world.sender.counts().queued + world.sender.counts().uploading === 0, 300_000),
    )
    t.equal(world.store.puts.length, count)
    return spent / count
  }
  await send(500)
  const [few, many] = [await send(1_000), await send(10_000)]
  t.ok(many < 2.5 * few, `${few.toFixed(2)} and ${many.toFixed(2)} ms of the processor each`)
})

t.test('a close behind 20,000 files that wait costs what it costs behind ten', async (t) => {
  const close = async (count: number): Promise<number> => {
    const world = await worldOf(t, count, {}, false)
    const spent = await cpu(async () => {
      for (let i = 0; i < 200; i += 1) await world.write(`new-${i}.edi`, 'x')
    })
    t.equal(world.sender.counts().queued + world.sender.counts().uploading, count + 200)
    return spent / 200
  }
  await close(10)
  const [few, many] = [await close(10), await close(20_000)]
  t.ok(many < 3 * few + 1, `${few.toFixed(2)} and ${many.toFixed(2)} ms of the processor each`)
})

t.test('130,000 submitted files of one partner are seen to be taken', async (t) => {
  const change = { state: 'submitted', partner: 'GLOBEX', submittedAt: Date.now(), etag: 'e' } as const
  const world = await worldOf(t, 130_000, change)
  t.equal(world.sender.counts().submitted, 130_000)
  await until('all to be taken', () => world.sender.counts().submitted === 0, 300_000)
})
