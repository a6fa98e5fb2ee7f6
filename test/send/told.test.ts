/** What the audit trail says of a change: what happened, and the option that decided, or none where none did. */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { formatLine } from '../../src/journal/lines.js'
import type { SenderOptions } from '../../src/send/create-sender.js'
import { accessDenied, unreachable } from '../helpers/memory-store.js'
import { globex, never, path, littleRoom, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

interface Entry {
  readonly event: string
  readonly name: string
  readonly at: string
  readonly [field: string]: unknown
}

interface Told {
  readonly world: SenderWorld
  readonly entries: Entry[]
  /** Events of a name, each with the policy that decided. */
  readonly of: (name: string) => (readonly [string, unknown])[]
}

async function told(t: Test, options: Partial<SenderOptions> = {}): Promise<Told> {
  const entries: Entry[] = []
  const audit = {
    append: (entry: object) => void entries.push(JSON.parse(JSON.stringify(entry)) as Entry),
    flushed: () => Promise.resolve(),
    tail: () => Promise.resolve(entries),
  }
  const world = await senderWorld(t, { audit, ...options })
  const of = (name: string) => entries.filter((it) => it.name === name).map((it) => [it.event, it.policy] as const)
  return { world, entries, of }
}

t.test('a failed file that is renamed by its user is not renamed by an option', async (t) => {
  const { world, entries, of } = await told(t)
  world.store.intercept = ({ operation }) => (operation === 'put' ? { before: accessDenied() } : undefined)
  await world.write('order.edi', 'order')
  await world.inState('order.edi', 'failed')
  world.store.intercept = undefined
  await world.sender.rename(globex, path('order.edi'), path('other.edi'), never())
  await world.inState('other.edi', 'submitted')
  t.strictSame(of('order.edi').at(-1), ['failed', undefined])
  t.strictSame(of('other.edi')[0], ['queued', undefined])
  t.equal(entries.find((it) => it.name === 'other.edi')?.from, 'order.edi')
})

t.test('a suffix is by its option, at the close and at the upload', async (t) => {
  const { world, entries } = await told(t, { onDuplicate: 'suffix' })
  await world.write('order.edi', 'order')
  await world.inState('order.edi', 'submitted')
  world.store.delete('AS2/send/ACME/GLOBEX/order.edi')
  await until('it to be taken', () => world.row('order.edi') === undefined)
  await world.write('order.edi', 'second')
  const atClose = await until('a suffix', () => entries.find((it) => it.event === 'queued' && it.from !== undefined))
  t.match(atClose, { policy: '--on-duplicate suffix', from: 'order.edi', name: /^order_.*edi$/ })
  world.store.set('AS2/send/ACME/GLOBEX/theirs.edi', 'theirs')
  await world.write('theirs.edi', 'ours')
  const atUpload = await until('another', () => entries.find((it) => it.from === 'theirs.edi'))
  t.match(atUpload, { event: 'uploading', policy: '--on-duplicate suffix' })
})

t.test('a file that was cut in the spool, and one that is a duplicate, fail for different reasons', async (t) => {
  const { world, of } = await told(t, { room: littleRoom })
  let isDown = true
  world.store.intercept = () => (isDown ? { before: unreachable() } : undefined)
  await world.write('cut.edi', 'order')
  await world.write('theirs.edi', 'ours')
  const id = world.row('cut.edi')?.id ?? ''
  truncateSync(join(world.directory, 'data', id), 2)
  world.store.set('AS2/send/ACME/GLOBEX/theirs.edi', 'theirs')
  isDown = false
  await world.inState('cut.edi', 'failed')
  await world.inState('theirs.edi', 'failed')
  t.strictSame(of('cut.edi').at(-1), ['failed', undefined])
  t.strictSame(of('theirs.edi').at(-1), ['failed', '--on-duplicate reject'])
})

t.test('an empty file is held or fails by its option; an unfinished name by another', async (t) => {
  const rejecting = await told(t, { empty: 'reject' })
  await rejecting.world.write('empty.edi', '')
  t.strictSame(rejecting.of('empty.edi'), [['failed', '--empty reject']])
  const holding = await told(t)
  await holding.world.write('empty.edi', '')
  await holding.world.write('a.tmp', 'a')
  t.strictSame(holding.of('empty.edi'), [['held', '--empty hold']])
  t.strictSame(holding.of('a.tmp'), [['held', '--hold']])
})

t.test('a failed file that is opened and closed unchanged fails as before, by no option', async (t) => {
  const { world, of } = await told(t)
  world.store.intercept = ({ operation }) => (operation === 'put' ? { before: accessDenied() } : undefined)
  await world.write('order.edi', 'order')
  await world.inState('order.edi', 'failed')
  const file = await world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
  await file.release()
  await world.inState('order.edi', 'failed')
  t.strictSame(of('order.edi').slice(-2), [
    ['reopened', undefined],
    ['failed', undefined],
  ])
})

t.test('what a crash kept from being told is told from the journal, as it was decided', async (t) => {
  const { world, entries, of } = await told(t, { onDuplicate: 'suffix' })
  world.store.set('AS2/send/ACME/GLOBEX/theirs.edi', 'theirs')
  await world.write('theirs.edi', 'ours')
  await until('it to be sent', () => world.sender.counts().submitted === 1)
  const before = entries.map((it) => [it.event, it.policy, it.from, it.name])
  entries.length = 0
  await world.restart()
  t.strictSame(
    entries.map((it) => [it.event, it.policy, it.from, it.name]),
    before,
  )
  t.ok(of('theirs.edi').length > 0)
})

t.test('a crash during an upload, and of a file that was open, is told as such', async (t) => {
  const { world, entries } = await told(t, { room: littleRoom })
  let isAsked = false
  world.store.intercept = ({ operation }) => {
    isAsked ||= operation === 'put'
    return operation === 'put' ? { hold: new Promise(() => undefined) } : undefined
  }
  await world.write('order.edi', 'order')
  // It is shown as uploading before the journal says so.
  await until('its upload', () => isAsked)
  await world.sender.create(globex, path('open.edi'), never())
  world.cutOff()
  world.store.intercept = undefined
  await world.start()
  t.match(
    entries.find((it) => it.name === 'order.edi' && it.event === 'delayed'),
    { error: /ended during the upload/ },
  )
  t.match(
    entries.find((it) => it.name === 'open.edi'),
    { event: 'held', reason: 'crash' },
  )
})

t.test('a journal of 0.1, which does not say what happened, is told as far as it can be seen', async (t) => {
  const { world, entries } = await told(t)
  await world.restart((directory) => {
    const file = { id: 'old', ...globex, path: 'a.edi', size: 1, mtime: 1, closedAt: 1, tries: 0 }
    const states = [
      { ...file, state: 'queued' },
      { ...file, state: 'uploading', tries: 1, attempt: { since: 2 } },
      { ...file, path: 'b.edi', state: 'submitted', tries: 1, submittedAt: 3, etag: 'e' },
    ]
    const lines = states.map((message, i) => formatLine({ at: i + 1, messages: [message] }))
    writeFileSync(join(directory, 'journal'), lines.join(''))
  })
  const old = entries.filter((it) => it.id === 'old')
  t.strictSame(
    old.map((it) => [it.event, it.policy]),
    [
      ['queued', undefined],
      ['uploading', undefined],
      ['submitted', undefined],
    ],
  )
})
