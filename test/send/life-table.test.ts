/** The life of a sent file: what may happen to it in each state, what comes of that, and what whoever asks is told else. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { FsError } from '../../src/errors.js'
import type { EventType, LifeEvent } from '../../src/send/life/events.js'
import { next } from '../../src/send/life/next.js'
import { lifeTable } from '../../scripts/life-table.js'
import { toldOf } from '../../src/send/life/told.js'
import type { Message } from '../../src/send/life/message.js'
import { life, refusalOf } from '../../src/send/life/table.js'
import { events, manyEvents, nonsense, samples } from '../helpers/life-samples.js'

const all = Object.entries(samples) as [string, Message][]

/** What comes of it: the next state, or the errno. */
function outcome(message: Message | undefined, event: LifeEvent, isUnderWay = false): string {
  try {
    return next(message, event, 100, isUnderWay).state
  } catch (error) {
    if (error instanceof FsError) return error.code
    throw error
  }
}

t.test('every event comes to a file in every state, or the errno of the table', async (t) => {
  for (const event of Object.values(events)) {
    for (const [name, message] of [...all, ['none', undefined] as const]) {
      for (const isUnderWay of [false, true]) {
        const refusal = refusalOf(message, event.type, isUnderWay)
        const found = outcome(message, event, isUnderWay)
        if (refusal) t.equal(found, refusal.errno, `${event.type} of ${name}`)
        else
          t.ok(
            life[event.type].leads[message?.state ?? 'none']?.some((it) => it === found),
            `${event.type} of ${name}: ${found}`,
          )
      }
    }
  }
})

/** By hand, from what is promised: what the table should say of what people and programs ask for. */
const promised: Readonly<Partial<Record<EventType, Readonly<Record<keyof typeof samples, string>>>>> = {
  reopened: expected('open', {
    'open: damaged archive': 'EBUSY',
    'open: perhaps in the bucket': 'EBUSY',
    'held: packing': 'EBUSY',
    'held: perhaps in the bucket': 'EBUSY',
    'queued: perhaps in the bucket': 'EBUSY',
    uploading: 'EBUSY',
    submitted: 'EPERM',
  }),
  renamed: expected('queued', {
    'open: damaged': 'EIO',
    'open: damaged archive': 'EBUSY',
    'open: perhaps in the bucket': 'EBUSY',
    'held: packing': 'EBUSY',
    'held: perhaps in the bucket': 'EBUSY',
    'queued: perhaps in the bucket': 'EBUSY',
    uploading: 'EBUSY',
    'failed: damaged': 'EIO',
    'failed: damaged archive': 'EIO',
    'failed: perhaps in the bucket': 'EBUSY',
    submitted: 'EBUSY',
  }),
  cancelled: expected('gone', { 'queued: perhaps in the bucket': 'EBUSY', uploading: 'EBUSY', submitted: 'EPERM' }),
  replaced: expected('gone', {
    'open: perhaps in the bucket': 'EBUSY',
    'held: perhaps in the bucket': 'EBUSY',
    'queued: perhaps in the bucket': 'EBUSY',
    'failed: perhaps in the bucket': 'EBUSY',
    uploading: 'EBUSY',
    submitted: 'EBUSY',
  }),
  retried: expected('EINVAL', {
    'open: damaged': 'EIO',
    'open: damaged archive': 'EIO',
    queued: 'queued',
    'queued: refused': 'queued',
    'queued: perhaps in the bucket': 'queued',
    uploading: 'EBUSY',
    failed: 'queued',
    'failed: damaged': 'EIO',
    'failed: damaged archive': 'EIO',
    'failed: perhaps in the bucket': 'queued',
    submitted: 'EBUSY',
  }),
  released: expected('EINVAL', {
    held: 'queued',
    'held: crash': 'queued',
    'held: killed': 'queued',
    'held: perhaps in the bucket': 'queued',
    'held: packing': 'EBUSY',
    uploading: 'EBUSY',
    submitted: 'EBUSY',
  }),
}

function expected(
  usually: string,
  others: Partial<Record<keyof typeof samples, string>>,
): Readonly<Record<keyof typeof samples, string>> {
  const gone = { gone: 'ENOENT', 'gone: untold': 'ENOENT', 'gone: packed': 'ENOENT' }
  return {
    ...(Object.fromEntries(all.map(([name]) => [name, usually])) as Record<keyof typeof samples, string>),
    ...gone,
    ...others,
  }
}

t.test('what programs and people may do to a file is what is promised', async (t) => {
  for (const [type, states] of Object.entries(promised)) {
    const event = events[type as EventType]
    const found = all.map(([name, message]) => {
      // One that is open is judged when it is closed.
      const after = outcome(message, event)
      return [name, after === 'open' && type === 'renamed' ? 'queued' : after]
    })
    t.same(Object.fromEntries(found), states, type)
  }
})

t.test('who tries again what is held is told what sends it', async (t) => {
  const said = (name: keyof typeof samples): string => {
    const message: Message = samples[name]
    return refusalOf(message, 'retried', false)?.says(message) ?? ''
  }
  t.equal(said('held'), 'a.edi is held: release sends it.')
  t.equal(said('held: crash'), 'a.edi is held: release sends it.')
  t.equal(said('held: in a folder'), 'batch/a.edi is part of a folder: rename that to a name that ends in .zip.')
  t.equal(said('held: trigger'), 'a.edi.ok is a trigger: it is never sent, release its file.')
  t.equal(said('held: packing'), 'batch.zip is being packed.')
})

t.test('nobody’s hands but the upload’s are on a file that is about to be uploaded', async (t) => {
  for (const type of [
    'reopened',
    'renamed',
    'dated',
    'rejudged',
    'retried',
    'released',
    'cancelled',
    'replaced',
  ] as const) {
    t.equal(outcome(samples.queued, events[type], true), 'EBUSY', type)
  }
  for (const type of ['uploading', 'delayed', 'submitted', 'failed'] as const) {
    t.not(outcome(samples.queued, events[type], true), 'EBUSY', type)
  }
})

t.test('no sequence of events makes a file that says nonsense', async (t) => {
  for (const [name, message] of all) t.same(nonsense(message), [], name)
  const first = fc.constantFrom<Message | undefined>(undefined, ...all.map(([, message]) => message))
  fc.assert(
    fc.property(first, fc.array(fc.constantFrom(...manyEvents), { maxLength: 40 }), (begin, sequence) => {
      let message = begin
      for (const [i, event] of sequence.entries()) {
        const after = came(message, event, i)
        if (!after) continue
        const found = nonsense(after)
        if (found.length > 0) throw new Error(`${event.type} of ${JSON.stringify(message)}: ${found.join(', ')}`)
        if (message && after.id !== message.id) throw new Error(`${event.type} makes another file of it`)
        // What may be in the bucket is not forgotten but by who has looked.
        const mayForget =
          ['delayed', 'failed', 'submitted', 'closed-unchanged'].includes(event.type) || after.state === 'gone'
        if (message?.attempt && !after.attempt && !mayForget) throw new Error(`${event.type} forgets an attempt`)
        toldOf(message, event, after)
        message = after
      }
    }),
    { numRuns: 20_000 },
  )
})

function came(message: Message | undefined, event: LifeEvent, at: number): Message | undefined {
  // `before` is what it was when it was opened.
  if (event.type === 'closed-unchanged' && message?.attempt) return undefined
  if (event.type === 'rejudged' && message?.state === 'queued' && event.verdict.state !== 'held') return undefined
  try {
    return next(message, event, at)
  } catch (error) {
    if (error instanceof FsError) return undefined
    throw error
  }
}

t.test('SEMANTICS.md has the table as the code has it', async (t) => {
  const text = readFileSync('SEMANTICS.md', 'utf8')
  const printed = /printed by scripts\/life-table -->\n([^]*?)<!-- end -->/.exec(text)?.[1] ?? ''
  t.equal(plain(printed), plain(lifeTable()), 'run scripts/life-table, and look at what it changes')
})

/** Without what the formatter adds. */
function plain(table: string): string {
  return table
    .trim()
    .replaceAll(/ +/g, ' ')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll('| --- ', '|---')
    .replaceAll(' |\n|---', ' |\n|---')
    .replaceAll('--- |', '---|')
}
