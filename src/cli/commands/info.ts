/** `as2fs info`. */
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { UsageError } from '../../errors.js'
import type { InfoReport } from '../../state/reports.js'
import type { Milliseconds } from '../../units.js'
import { isGiven, jsonOption, type Command, type Typed } from '../command.js'
import { ask } from '../daemon-of.js'
import { mountOf } from '../find-mount.js'
import { bytes, fields, span, time } from '../format.js'
import type { Io } from '../io.js'

/** For links on the way to the mount; a path in a mount that hangs is taken as it is written. */
const resolveWithin: Milliseconds = 5_000

export const infoCommand: Command = {
  name: 'info',
  usage: '<path> [--json]',
  summary: 'what is known of a file beyond its bytes',
  description: [
    "Shows a file's key in the bucket, its ETag, message id, when the gateway deletes it, how far it is on its way if it " +
      'is in send/, and of an MDN what it says and to which message.',
  ],
  positionals: { min: 1, max: 1 },
  options: [jsonOption],
  examples: [['as2fs info /mnt/as2/ACME/GLOBEX/send/order.edi', 'has it been sent?']],
  run,
}

async function run(typed: Typed, io: Io): Promise<number> {
  const path = await realPath(resolve(io.cwd, typed.positionals[0] ?? ''))
  const mount = await mountOf(path)
  if (!mount) throw new UsageError(`${path} is not in a mount of as2fs: see as2fs status.`)
  const inMount = path.slice(mount.mountpoint === '/' ? 0 : mount.mountpoint.length) || '/'
  const report = await ask(mount, (client) => client.info(inMount))
  io.out(isGiven(typed, 'json') ? `${JSON.stringify(report, undefined, 2)}\n` : shown(report, Date.now()))
  return 0
}

async function realPath(path: string): Promise<string> {
  const timer = new AbortController()
  const late = delay(resolveWithin, path, { signal: timer.signal }).catch(() => path)
  // The last segment may be a file that is not there any more: the daemon says so better.
  const parent = realpath(dirname(path))
    .then((it) => join(it, basename(path)))
    .catch(() => path)
  const whole = realpath(path).catch(() => parent)
  try {
    return await Promise.race([whole, late])
  } finally {
    timer.abort()
  }
}

function shown(report: InfoReport, now: number): string {
  const { expires } = report
  const left = expires === undefined ? undefined : expires > now ? `in ${span(expires - now)}` : 'any time now'
  return fields([
    ['path', report.path],
    ['kind', report.kind],
    ['size', report.kind === 'folder' ? undefined : `${bytes(report.size)} (${report.size})`],
    ['modified', report.mtime > 0 ? time(report.mtime) : undefined],
    ['key', report.key],
    ['etag', report.etag],
    ['station', report.station],
    ['partner', report.partner],
    ['state', report.state],
    ['reason', report.reason],
    ['message id', report.messageId],
    ['expires', expires === undefined ? undefined : `${time(expires)} (${left ?? ''})`],
    ['disposition', report.disposition],
    ['contradictory', report.contradictory?.map((it) => `'${it}'`).join(' and ')],
    ['answers', report.originalMessageId],
    ['mdn', report.mdn],
  ])
}
