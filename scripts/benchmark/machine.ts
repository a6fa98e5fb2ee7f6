/** Where and with what it was measured. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { basename } from 'node:path'
import { contendersOf } from './contenders.js'
import type { Options } from './options.js'
import { run } from './processes.js'

export interface Machine {
  readonly cpu: string
  readonly memory: string
  readonly kernel: string
  /** The file system of spools and caches. */
  readonly disk: string
  /** How many programs wanted to run in the minute before. */
  readonly load: number
  readonly versions: Readonly<Record<string, string>>
}

export async function machine({ lineup, place }: Options, signal: AbortSignal): Promise<Machine> {
  const first = async (...command: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await run(command, { limit: 10_000, signal })
    return (stdout || stderr).split('\n')[0] ?? ''
  }
  const manifest = new URL('../../../package.json', import.meta.url)
  const own = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const commit = await first('git', '-C', new URL('.', manifest).pathname, 'rev-parse', '--short', 'HEAD')
  const checkout = `${own.version}${/^[0-9a-f]+$/.test(commit) ? ` (${commit})` : ''}`
  const isOfHere = lineup.as2fs?.startsWith(new URL('dist/', manifest).pathname) === true
  const versions: Record<string, string> = {
    as2fs:
      lineup.as2fs === undefined
        ? checkout
        : `${isOfHere ? checkout : await first(lineup.as2fs, '--version')}, packaged`,
    Node: process.versions.node,
  }
  const taking = contendersOf(lineup).map((it) => it.name)
  if (taking.includes('rclone')) versions.rclone = (await first(lineup.rclone, 'version')).replace('rclone v', '')
  if (taking.includes('s3fs')) versions.s3fs = /V([\d.]+)/.exec(await first('s3fs', '--version'))?.[1] ?? 'unknown'
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    kernel: `Linux ${release()}`,
    disk: `${(await first('stat', '--file-system', '--format=%T', place)).replace('ext2/ext3', 'ext4')}${journalOf(place)}`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    versions,
  }
}

/** On an ext4 without one, to make a file takes the longer, the more were deleted in the minutes before: up to a millisecond. */
function journalOf(place: string): string {
  const { dev } = statSync(place)
  // @see makedev(3)
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)]
  try {
    const device = basename(realpathSync(`/sys/dev/block/${major}:${minor}`))
    return readFileSync(`/sys/fs/ext4/${device}/journal_task`, 'utf8').trim() === '<none>' ? ' without a journal' : ''
  } catch {
    // Of another kind, or on no device.
    return ''
  }
}
