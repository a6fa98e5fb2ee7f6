/** `as2fs mount`. */
import { join } from 'node:path'
import type { MountConfig } from '../../config.js'
import { UsageError } from '../../errors.js'
import { csvExposure } from '../../s3/csv-exposure.js'
import { makeStateDirectory } from '../../state/state-directory.js'
import { openLog, type OpenLog } from '../../telemetry/log.js'
import { isGiven, type Command, type CommandOption, type Typed } from '../command.js'
import { childMarker, startInBackground, tellParent } from '../daemonise.js'
import { printable } from '../format.js'
import type { Io } from '../io.js'
import { mountConfig } from '../mount-config.js'
import { parseMountWords } from '../mount-words.js'
import { isOptionName, mountOptions, optionNames, type OptionName } from '../options.js'
import { runDaemon } from '../run-daemon.js'

const ownOptions: readonly CommandOption[] = [
  {
    ...{ name: 'foreground', alias: 'f', kind: 'flag', placeholder: '', group: 'Daemon', shown: '' },
    help: 'stay, log to stderr, stop at Ctrl-C',
  },
  {
    ...{ name: 'o', kind: 'list', placeholder: 'OPT,OPT=VALUE', group: 'Daemon', shown: '' },
    help: 'options as mount(8) and /etc/fstab write them',
  },
]

export const mountCommand: Command = {
  name: 'mount',
  usage: '<bucket> <mountpoint> [options]',
  summary: 'mount a bucket on an empty directory',
  description: [
    'Mounts the bucket of an AS2 gateway on an empty directory. Returns when the mount answers, unless -f is given.',
    'Each option may also be a variable (--list-ttl: AS2FS_LIST_TTL), a key of the --config file (list-ttl: 5s) or a ' +
      'word after -o (-o list-ttl=5s). Flags count before variables, and variables before the file. ' +
      'Times: 250ms, 5s, 10m, 1h. Sizes: 512k, 1MB, 256MiB, 10GiB.',
    'Credentials come from the environment, ~/.aws, the machine (as for every AWS program), or --credentials-csv.',
  ],
  positionals: { min: 2, max: 2 },
  options: [
    ...optionNames.map((name) => ({ name, ...mountOptions[name] })).map(({ name, ...it }) => described(name, it)),
    ...ownOptions,
  ],
  examples: [
    ['as2fs mount my-bucket /mnt/as2', 'the bucket of a gateway on AWS'],
    ['as2fs mount my-bucket /mnt/as2 --credentials-csv keys.csv -f', 'with the keys of the gateway, staying'],
    ['as2fs mount edi /mnt/as2 --endpoint http://minio:9000', 'another S3 server'],
    ['as2fs mount my-bucket /mnt/as2 --station ACME/GLOBEX --commit rename', 'send what has its final name only'],
    ['as2fs mount my-bucket /mnt/as2 -o allow_other,uid=edi,umask=027', 'as in /etc/fstab'],
  ],
  run,
}

async function run(typed: Typed, io: Io): Promise<number> {
  const [bucket = '', mountpoint = ''] = typed.positionals
  const config = await mountConfig({ bucket, mountpoint, flags: flagsOf(typed) }, io.env, io.cwd)
  if (io.env[childMarker] !== undefined && process.connected) return runInBackground(config)
  if (isGiven(typed, 'foreground')) return runInForeground(config, io)
  const exposure = await csvExposure(config.credentialsCsv)
  if (exposure !== undefined) io.err(`as2fs: ${printable(exposure)}\n`)
  const directory = await makeStateDirectory(config)
  return startInBackground(
    {
      args: argumentsOf(typed),
      mountpoint: config.mountpoint,
      logFile: config.logFile ?? join(directory, 'as2fs.log'),
    },
    io,
  )
}

async function runInForeground(config: MountConfig, io: Io): Promise<number> {
  const log = logFor(config, config.logFile, io.isTerminal)
  return runDaemon(config, log, () => undefined)
}

/** The child of `startInBackground`: its parent waits for one word. */
async function runInBackground(config: MountConfig): Promise<number> {
  process.chdir('/')
  process.umask(0o077)
  try {
    const file = config.logFile ?? join(await makeStateDirectory(config), 'as2fs.log')
    return await runDaemon(
      config,
      logFor(config, file, false),
      (missing) => void tellParent({ kind: 'ready', missing }),
    )
  } catch (error) {
    if (!(error instanceof UsageError) || !process.connected) throw error
    await tellParent({ kind: 'failed', sentence: error.message })
    return 1
  }
}

function logFor({ logLevel: level }: MountConfig, file: string | undefined, pretty: boolean): OpenLog {
  try {
    return openLog({ level, file, pretty })
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`The log can't be written: ${error.message}`)
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(`The log file ${file ?? ''} can't be written (${code}): give another with --log-file.`)
  }
}

/** Flags, and the words after `-o`; where both set an option, the flag counts, and lists are joined. */
function flagsOf(typed: Typed): Map<OptionName, readonly string[]> {
  const flags = new Map<OptionName, readonly string[]>(parseMountWords(typed.options.get('o') ?? []))
  for (const [name, texts] of typed.options) {
    if (isOptionName(name)) flags.set(name, [...(flags.get(name) ?? []), ...texts])
  }
  return flags
}

/** The same command line for the child; the order of options does not matter. */
function argumentsOf(typed: Typed): string[] {
  const options = [...typed.options].flatMap(([name, texts]) =>
    texts.flatMap((text) => (name === 'o' ? ['-o', text] : [`--${name}=${text}`])),
  )
  return ['mount', ...options, '--', ...typed.positionals]
}

function described(name: OptionName, option: Omit<CommandOption, 'name'>): CommandOption {
  const { kind, placeholder, group, help, shown } = option
  return { name, kind, placeholder, group, help, shown }
}
