/** What is counted as files come and go is what a look at each of them would count. */
import fc from 'fast-check'
import t from 'tap'
import type { Message } from '../../src/send/life/message.js'
import { MessageIndex } from '../../src/send/disk/message-index.js'

const states = ['open', 'held', 'queued', 'uploading', 'submitted', 'failed', 'gone'] as const

const change = fc.record({
  id: fc.integer({ min: 0, max: 30 }),
  state: fc.constantFrom(...states),
  partner: fc.constantFrom('A', 'B', 'C'),
  closedAt: fc.integer({ min: 1, max: 50 }),
  size: fc.integer({ min: 0, max: 1_000 }),
})

function messageOf(it: { id: number; state: string; partner: string; closedAt: number; size: number }): Message {
  const { id, ...rest } = it
  return { ...rest, id: `id-${id}`, station: 'S', path: `f-${id}`, mtime: 0, tries: 0 } as unknown as Message
}

t.test('counts, bytes and the oldest close follow every change', async (t) => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
      const index = new MessageIndex()
      // Of a file the partner stays.
      const partners = new Map<number, string>()
      for (const it of changes) {
        const partner = partners.get(it.id) ?? it.partner
        partners.set(it.id, partner)
        index.put(messageOf({ ...it, partner }))
        if (it.size % 7 === 0) index.remove(index.get(`id-${it.id}`) as Message)
        const shown = [...index.all()].filter(({ state }) => state !== 'gone')
        const waiting = shown.filter(({ state }) => state === 'queued' || state === 'uploading')
        for (const state of states.slice(0, -1) as Exclude<(typeof states)[number], 'gone'>[]) {
          const expected = shown.filter((message) => message.state === state)
          if (index.tally.counts[state] !== expected.length) return false
          for (const { partner: name, counts } of index.tally.partners) {
            if (counts[state] !== expected.filter((message) => message.partner === name).length) return false
          }
        }
        if (index.tally.waitingBytes !== waiting.reduce((sum, { size }) => sum + size, 0)) return false
        const closes = waiting.map(({ closedAt }) => closedAt ?? 0)
        if (index.tally.oldestClose !== (closes.length > 0 ? Math.min(...closes) : undefined)) return false
      }
      return true
    }),
  )
  t.end()
})
