/** `as2fs queue`. */
import { UsageError } from '../../errors.js'
import type { QueueAction } from '../../state/control-client.js'
import { isGiven, jsonOption, type Command, type Typed } from '../command.js'
import { ask, mountNamed } from '../daemon-of.js'
import type { Io } from '../io.js'
import { queueTable } from '../queue-table.js'
import { didYouMean } from '../suggest.js'

const done: Readonly<Record<QueueAction, string>> = {
  retry: 'is tried again now',
  cancel: 'is cancelled',
  release: 'is on its way',
}
const actions = Object.keys(done) as QueueAction[]

export const queueCommand: Command = {
  name: 'queue',
  usage: '<mountpoint> [--json] [retry|cancel|release NAME]',
  summary: 'what waits to be sent, and change it',
  description: [
    'Shows the files in send/ that the gateway has not taken yet. NAME is the name shown, or STATION/PARTNER/NAME where ' +
      'there are several. retry: try now, a failed one too. cancel: take it out, nothing is sent. release: send a held one.',
    'States: open (being written), held (empty, or its name looks unfinished), queued, uploading, submitted (in the ' +
      'bucket; the gateway has yet to take it), failed (kept, not tried again by itself).',
  ],
  positionals: { min: 1, max: 3 },
  options: [jsonOption],
  examples: [
    ['as2fs queue /mnt/as2', 'what waits'],
    ['as2fs queue /mnt/as2 release ACME/GLOBEX/order.tmp', 'send a file whose name looks unfinished'],
  ],
  run,
}

async function run(typed: Typed, io: Io): Promise<number> {
  const [mountpoint = '', word, name] = typed.positionals
  const action = word === undefined ? undefined : actionOf(word)
  if (action !== undefined && name === undefined) throw new UsageError(`${action} which file? Give its NAME.`)
  const mount = await mountNamed(mountpoint, io)
  if (action !== undefined && name !== undefined) {
    await ask(mount, (client) => client.change(action, name))
    io.out(`${name} ${done[action]}.\n`)
    return 0
  }
  const report = await ask(mount, (client) => client.queue())
  io.out(isGiven(typed, 'json') ? `${JSON.stringify(report, undefined, 2)}\n` : queueTable(report.rows, Date.now()))
  return 0
}

function actionOf(word: string): QueueAction {
  const action = actions.find((it) => it === word)
  if (action) return action
  throw new UsageError(`'${word}' is none of ${actions.join(', ')}.${didYouMean(word, actions)}`)
}
