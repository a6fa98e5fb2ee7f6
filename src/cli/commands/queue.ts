/** `as2fs queue`. */
import { UsageError } from '../../errors.js'
import type { SendRow } from '../../send/sender.js'
import type { QueueAction } from '../../send/waiting.js'
import { changeStateQueue, stateQueue } from '../../control/state-queue.js'
import { isGiven, type Typed } from '../command.js'
import { ask, mountNamed } from '../daemon-of.js'
import { json } from '../format.js'
import type { Io } from '../io.js'
import { queueTable, stateInWords } from '../queue-table.js'
import { didYouMean } from '../suggest.js'
import { typedPath } from '../typed-path.js'

const done: Readonly<Record<QueueAction, string>> = {
  retry: 'is tried again now',
  cancel: 'is cancelled',
  release: 'is on its way',
}
/** Without a daemon. */
const doneWithout: typeof done = {
  retry: 'is tried again by the next mount',
  cancel: 'is cancelled',
  release: 'is released: the next mount sends it, unless it is a trigger there or in a folder',
}
const actions = Object.keys(done) as QueueAction[]

export async function run(typed: Typed, io: Io): Promise<number> {
  const directory = typedPath(typed, 'state-dir', io)
  if (directory !== undefined) return runOnDirectory(directory, typed, io)
  const [mountpoint, word, name] = typed.positionals
  if (mountpoint === undefined) {
    throw new UsageError('Something is missing; the usage is: as2fs queue <mountpoint>, or as2fs queue --state-dir DIR')
  }
  const change = changeOf(word, name)
  const mount = await mountNamed(mountpoint, io)
  if (change) {
    const row = await ask(mount, (client) => client.change(change.action, change.name))
    io.out(`${change.name} ${outcomeOf(change.action, row)}.\n`)
    return 0
  }
  const report = await ask(mount, (client) => client.queue())
  io.out(isGiven(typed, 'json') ? json(report) : queueTable(report.rows, Date.now()))
  return 0
}

async function runOnDirectory(directory: string, typed: Typed, io: Io): Promise<number> {
  const [word, name, more] = typed.positionals
  if (more !== undefined)
    throw new UsageError(`'${more}' is one word too many: with --state-dir no mountpoint is given.`)
  const change = changeOf(word, name)
  if (change) {
    const row = await changeStateQueue(directory, change.action, change.name)
    io.out(`${change.name} ${row ? outcomeOf(change.action, row) : doneWithout[change.action]}.\n`)
    return 0
  }
  const { isMounted, ...report } = await stateQueue(directory)
  if (isGiven(typed, 'json')) {
    io.out(json(report))
    return 0
  }
  io.out(queueTable(report.rows, Date.now()))
  if (!isMounted && report.rows.length > 0)
    io.out('Nothing of it is sent until the bucket is mounted with this directory.\n')
  return 0
}

/** A lock or a missing trigger holds what has failed as anything else. */
function outcomeOf(action: QueueAction, { state, reason }: Partial<SendRow>): string {
  return state === 'held' ? `is ${stateInWords({ state, reason })}` : done[action]
}

/** @returns undefined where the queue is only to be shown */
function changeOf(
  word: string | undefined,
  name: string | undefined,
): { readonly action: QueueAction; readonly name: string } | undefined {
  if (word === undefined) return undefined
  const action = actionOf(word)
  if (name === undefined) throw new UsageError(`${action} which file? Give its NAME.`)
  return { action, name }
}

function actionOf(word: string): QueueAction {
  const action = actions.find((it) => it === word)
  if (action) return action
  throw new UsageError(`'${word}' is none of ${actions.join(', ')}.${didYouMean(word, actions)}`)
}
