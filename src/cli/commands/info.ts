/** `as2fs info`. */
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../../errors.js'
import { lookByProcess } from '../../fuse/look-by-process.js'
import type { InfoReport } from '../../control/reports.js'
import { isGiven, type Typed } from '../command.js'
import { ask } from '../daemon-of.js'
import { mountOf } from '../find-mount.js'
import { bytes, fields, json, span, time } from '../format.js'
import type { Io } from '../io.js'

export async function run(typed: Typed, io: Io): Promise<number> {
  const path = await realPath(resolve(io.cwd, typed.positionals[0] ?? ''))
  const mount = await mountOf(path)
  if (!mount) throw new UsageError(`${path} is not in a mount of as2fs: see as2fs status.`)
  const inMount = path.slice(mount.mountpoint === '/' ? 0 : mount.mountpoint.length) || '/'
  const report = await ask(mount, (client) => client.info(inMount))
  io.out(isGiven(typed, 'json') ? json(report) : shown(report, Date.now()))
  return 0
}

/** As it is written where that can't be told: the last segment may be a file that is not there, and the daemon says so better. */
async function realPath(path: string): Promise<string> {
  for (const at of [path, dirname(path)]) {
    const { code, stdout } = await lookByProcess('realpath', ['-z', '-e', '--', at])
    const real = stdout.split('\0')[0]
    if (code === 0 && real) return at === path ? real : join(real, basename(path))
    if (code === undefined) break
  }
  return path
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
    ['message', report.answered],
    ['delivery', report.delivery],
    ['mdn', report.mdn],
    ['receipts', report.receipts?.map((it) => `'${it}'`).join(', ')],
  ])
}
