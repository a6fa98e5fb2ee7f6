/** Where and with what it was measured. */
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { run } from './processes.js'

export interface Machine {
  readonly cpu: string
  readonly memory: string
  readonly kernel: string
  readonly versions: Readonly<Record<string, string>>
}

export async function machine(signal: AbortSignal): Promise<Machine> {
  const first = async (...command: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await run(command, { limit: 10_000, signal })
    return (stdout || stderr).split('\n')[0] ?? ''
  }
  const manifest = new URL('../../../package.json', import.meta.url)
  const own = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const commit = await first('git', '-C', new URL('.', manifest).pathname, 'rev-parse', '--short', 'HEAD')
  return {
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    kernel: `Linux ${release()}`,
    versions: {
      as2fs: `${own.version}${/^[0-9a-f]+$/.test(commit) ? ` (${commit})` : ''}`,
      Node: process.versions.node,
      rclone: (await first('rclone', 'version')).replace('rclone v', ''),
      s3fs: /V([\d.]+)/.exec(await first('s3fs', '--version'))?.[1] ?? 'unknown',
      fuse3: (await first('fusermount3', '--version')).replace(/.*: /, ''),
    },
  }
}
