import t from 'tap'
import { leftOf, showDrain } from '../../src/cli/drain-progress.js'
import type { SendRow } from '../../src/send/sender.js'
import { row } from '../helpers/send-row.js'
import { TextIo } from '../helpers/text-io.js'
import { until } from '../helpers/until.js'

const mebibyte = 1024 * 1024
const pace = { firstLook: 1, lookEvery: 1, lineEvery: 0 }

t.test('what is left is what waits, less what was uploaded of it', async (t) => {
  const rows = [
    row({ state: 'queued', size: 100 }),
    row({ state: 'uploading', size: 1000, uploaded: 400 }),
    row({ state: 'held', reason: 'packing', size: 10 }),
    row({ state: 'held', reason: 'name', size: 7 }),
    row({ state: 'submitted', size: 7, uploaded: 0 }),
    row({ state: 'failed', size: 7 }),
  ]
  t.same(leftOf(rows), { files: 3, bytes: 710 })
})

/** A drain that goes on until the text has come. */
async function drained(io: TextIo, rows: readonly SendRow[], wanted: RegExp): Promise<string> {
  let finish: (value: string) => void = () => undefined
  const work = new Promise<string>((resolve) => (finish = resolve))
  const shown = showDrain(work, () => Promise.resolve(rows), io, pace)
  await until(String(wanted), () => wanted.test(io.stderr))
  finish('report')
  return shown
}

t.test('without a terminal it is a line', async (t) => {
  const io = new TextIo()
  t.equal(await drained(io, [row({ size: 3 * mebibyte }), row({ size: mebibyte })], /left\.\n/), 'report')
  t.match(io.stderr, /^Uploading: 2 files, 4\.0 MiB left\.\n/)
  t.equal(io.stdout, '')
})

t.test('on a terminal it is a bar', async (t) => {
  const io = new TextIo({ isTerminal: true })
  const rows = [row({ state: 'uploading', size: 4 * mebibyte, uploaded: 0 })]
  await drained(io, rows, /Uploading \[-{30}\] 0 % {2}1 file, 4\.0 MiB left/)
  t.equal(io.stdout, '')
})

t.test('what is quickly done shows nothing, nor does an empty queue', async (t) => {
  const io = new TextIo()
  const rows = () => Promise.resolve([row({ state: 'queued', size: 1 })])
  t.equal(await showDrain(Promise.resolve(1), rows, io, { ...pace, firstLook: 60_000 }), 1)
  let looks = 0
  const looked = (): SendRow[] => {
    looks += 1
    return []
  }
  let finish: (value: undefined) => void = () => undefined
  const work = new Promise<undefined>((resolve) => (finish = resolve))
  const shown = showDrain(work, () => Promise.resolve(looked()), io, pace)
  await until('some looks', () => looks > 3)
  finish(undefined)
  await shown
  t.equal(io.stderr, '')
})

t.test('a daemon that can’t be asked is no failure, but that of the drain is', async (t) => {
  const io = new TextIo()
  let looks = 0
  let fail: (error: Error) => void = () => undefined
  const work = new Promise<never>((_, reject) => (fail = reject))
  const look = () => Promise.reject(new Error(`look ${++looks}`))
  const shown = showDrain(work, look, io, pace)
  await until('some looks', () => looks > 2)
  fail(new Error('the drain'))
  await t.rejects(shown, { message: 'the drain' })
  t.equal(io.stderr, '')
})
