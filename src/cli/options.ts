/**
 * The options of a mount, as one table: flags, AS2FS_* variables, keys of the configuration file, words after `-o` and
 * `--help` all come from it.
 */
import { httpAddress } from './http-address.js'
import type { Parser } from './parse.js'
import * as parse from './parse.js'

type Group = 'Bucket' | 'Mount' | 'Reading' | 'Receipts' | 'Sending' | 'Daemon'

export interface Option<T> {
  /** A `list` may be given several times; a `flag` needs no value. */
  readonly kind: 'value' | 'list' | 'flag'
  readonly group: Group
  /** What `--help` shows for the value. */
  readonly placeholder: string
  /** All that it may be, where that is known. */
  readonly choices: readonly string[] | undefined
  readonly help: string
  /** The default, as `--help` shows it; empty: nothing to show. */
  readonly shown: string
  readonly fallback: T
  /** @throws ParseError */
  readonly parse: (texts: readonly string[], base: string) => T
}

type Described = readonly [group: Group, placeholder: string, help: string]

/** Names of files that editors, browsers, file servers and office programs have not finished, or keep for themselves. */
const defaultHold = [
  ...['.*', '*~', '~$*', '#*#', '*.tmp', '*.temp', '*.part', '*.partial', '*.filepart', '*.sw[a-p]', '*.crdownload'],
  ...['*.download', '*.lck', '*.lock', '*.uploading', '*.inprogress', '*.writing', '*.BTS-WIP', '*.lftp'],
  ...['*.camelLock', '4913', 'Thumbs.db', 'desktop.ini'],
]

/** The table, in the order of `--help`. */
export const mountOptions = {
  endpoint: optional(
    ['Bucket', 'URL', 'S3 server, when it is not AWS', 'AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL'],
    parse.endpoint,
  ),
  region: optional(
    ['Bucket', 'REGION', 'region of the bucket', "AWS_REGION, the profile's, or what the bucket says"],
    parse.word,
  ),
  'path-style': flagOr(
    'Bucket',
    'put the bucket into the path of URLs, not into the host name',
    undefined,
    'true with --endpoint',
  ),
  'ca-file': optional(
    ['Bucket', 'FILE', 'certificates that are trusted, in PEM', "AWS_CA_BUNDLE, or the system's and Node's"],
    parse.path,
  ),
  'sdk-reads': flag('Bucket', 'read with the AWS SDK alone: slower, for who suspects the faster way to read'),
  profile: optional(['Bucket', 'NAME', 'profile in ~/.aws to take credentials from'], parse.word),
  'credentials-csv': optional(
    ['Bucket', 'FILE', "credentials, as the gateway's S3 Integration page hands them out; a changed file is picked up"],
    parse.path,
  ),
  prefix: value(['Bucket', 'PREFIX', "beginning of the gateway's keys"], parse.prefix, 'AS2/'),

  uid: own(['Mount', 'USER', 'owner of all files, name or number'], parse.uid, process.getuid?.() ?? 0, 'you'),
  gid: own(['Mount', 'GROUP', 'group of all files, name or number'], parse.gid, process.getgid?.() ?? 0, 'yours'),
  umask: value(['Mount', 'OCTAL', 'permissions that nobody gets'], parse.umask, '022'),
  'allow-other': flag('Mount', 'let other users in (needs user_allow_other in /etc/fuse.conf, unless you are root)'),
  'read-only': flag('Mount', 'refuse every change, in send/ too'),
  xattr: flag('Mount', 'tell what as2fs info tells as extended attributes, too: user.as2.*'),
  'op-timeout': value(
    ['Mount', 'TIME', 'within which every call on the mount answers'],
    parse.duration({ min: '1s', max: '1h' }),
    '30s',
  ),

  'list-ttl': value(['Reading', 'TIME', 'how old a listing may be when it is looked at'], parse.duration(), '5s'),
  reconcile: value(
    ['Reading', 'TIME', 'how often a view is listed in full, to find what was deleted or came out of order'],
    parse.duration({ min: '1s' }),
    '10m',
  ),
  'stale-ttl': value(['Reading', 'TIME', "how old it may be when the bucket can't be reached"], parse.duration(), '5m'),
  'cache-size': value(
    ['Reading', 'SIZE', 'memory for the content of files'],
    parse.size({ min: '16MiB', max: '1TiB' }),
    '256MiB',
  ),
  'disk-cache': optional(
    ['Reading', 'DIR', 'keep file contents there, for after a restart and beyond memory'],
    parse.path,
  ),
  'disk-cache-size': value(
    ['Reading', 'SIZE', 'how much of it; 5 % of its disk stay free in any case'],
    parse.size({ min: '16MiB', max: '100TiB' }),
    '10GiB',
  ),
  station: list(
    ['Reading', 'A/B', 'show the partner B of the station A though the bucket has nothing of them yet'],
    parse.station,
    [],
  ),
  'new-from': value(
    ['Reading', 'WHAT', 'what is new at the first mount: all that the bucket has, or what comes after the mount'],
    parse.choice('all', 'mount'),
    'all',
  ),
  'new-moved': value(
    ['Reading', 'WHAT', 'what is moved into a folder made in new/: keep it waiting, or count it as taken'],
    parse.choice('keep', 'taken'),
    'keep',
  ),

  'mdn-index': value(
    ['Receipts', 'WHAT', 'whether receipts (MDNs) are read, to know whose they are and what they say: on or off'],
    parse.choice('on', 'off'),
    'on',
  ),
  'mdn-reads': value(
    ['Receipts', 'COUNT', 'receipts read at the same time, in the background'],
    parse.integer(1, 64),
    '8',
  ),

  'mdn-overdue': value(
    ['Receipts', 'TIME', 'after which a message without a receipt is overdue, or never'],
    parse.durationOr('never'),
    '1h',
  ),
  'mdn-expect': value(
    ['Receipts', 'WHOSE', 'receipts that are missed: of partners who have sent one (seen), always or never'],
    parse.choice('seen', 'always', 'never'),
    'seen',
  ),

  hold: list(
    ['Sending', 'PATTERN', 'names in send/ that look unfinished and are kept until renamed; replaces the defaults'],
    parse.pattern,
    defaultHold,
  ),
  empty: value(
    ['Sending', 'WHAT', 'empty files: hold, send or reject'],
    parse.choice('hold', 'send', 'reject'),
    'hold',
  ),
  commit: value(
    [
      'Sending',
      'WHEN',
      'a file is finished at its last close, once it gets its final name, or once a trigger is made beside it: close, rename or trigger',
    ],
    parse.choice('close', 'rename', 'trigger'),
    'close',
  ),
  'trigger-suffix': list(
    ['Sending', 'SUFFIX', 'order.edi.ok or order.ok is the trigger of order.edi; replaces the defaults'],
    parse.suffix,
    ['.ok', '.done'],
  ),
  'on-duplicate': value(
    ['Sending', 'WHAT', 'a name that was sent within 6 hours: reject, suffix (append the time) or send'],
    parse.choice('reject', 'suffix', 'send'),
    'reject',
  ),
  settle: value(['Sending', 'TIME', 'between the last close or rename and the upload'], parse.duration(), '1s'),
  'lost-answer': value(
    [
      'Sending',
      'TIME',
      'in which an upload whose answer was lost may still come into the bucket: it is not sent again',
    ],
    parse.duration(),
    '1m',
  ),
  uploads: value(['Sending', 'COUNT', 'files uploaded at the same time'], parse.integer(1, 64), '8'),
  'multipart-threshold': value(
    ['Sending', 'SIZE', 'above which a file is uploaded in parts'],
    parse.size({ min: '5MiB', max: '5GiB' }),
    '100MiB',
  ),
  drain: value(['Sending', 'TIME', 'to go on uploading after the unmount; the rest is kept'], parse.duration(), '30s'),
  'audit-log': optional(['Sending', 'FILE', 'append what happens to every sent file, as JSON lines'], parse.path),

  'state-dir': optional(
    ['Daemon', 'DIR', 'what must outlive the mount, files on their way included', defaultStateDir()],
    parse.path,
  ),
  'log-level': value(
    ['Daemon', 'LEVEL', 'debug, info, warn, error or silent'],
    parse.choice('debug', 'info', 'warn', 'error', 'silent'),
    'info',
  ),
  'log-file': optional(
    ['Daemon', 'FILE', 'append the log to it', 'stderr with -f, else as2fs.log in the state'],
    parse.path,
  ),
  http: optional(
    [
      'Daemon',
      'ADDRESS',
      'show how it is in a browser, at 127.0.0.1:9123 or unix:/run/as2fs/http.sock; changes nothing',
    ],
    httpAddress,
  ),
  'http-token-file': optional(
    ['Daemon', 'FILE', 'who asks over HTTP must know what is in it; needed where others can reach the address'],
    parse.path,
  ),
  config: optional(
    ['Daemon', 'FILE', 'YAML with the names of these options as keys, and bucket and mountpoint'],
    parse.path,
  ),
}

export type OptionName = keyof typeof mountOptions
/** What the table makes of all texts. */
export type OptionValues = { readonly [Name in OptionName]: ReturnType<(typeof mountOptions)[Name]['parse']> }

export const optionNames = Object.keys(mountOptions) as OptionName[]

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(mountOptions, name)
}

/** Whether it may be given several times. */
export function isList(name: OptionName): boolean {
  return mountOptions[name].kind === 'list'
}

/** The variable that sets an option. */
export function variableOf(name: OptionName): string {
  return `AS2FS_${name.toUpperCase().replaceAll('-', '_')}`
}

function defaultStateDir(): string {
  return process.getuid?.() === 0 ? '/var/lib/as2fs/<id>' : '~/.local/state/as2fs/<id>'
}

function value<T>(described: Described, parser: Parser<T>, shown: string): Option<T> {
  return own(described, parser, parser(shown, '/'), shown)
}

function optional<T>(described: readonly [...Described, shown?: string], parser: Parser<T>): Option<T | undefined> {
  const [group, placeholder, help, shown = ''] = described
  return own<T | undefined>([group, placeholder, help], parser, undefined, shown)
}

function own<T>([group, placeholder, help]: Described, parser: Parser<T>, fallback: T, shown: string): Option<T> {
  const parseLast = (texts: readonly string[], base: string): T => parser(texts.at(-1) ?? '', base)
  return { kind: 'value', group, placeholder, choices: parser.choices, help, shown, fallback, parse: parseLast }
}

function list<T>(
  [group, placeholder, help]: Described,
  parser: Parser<T>,
  shown: readonly string[],
): Option<readonly T[]> {
  const parseAll = (texts: readonly string[], base: string): readonly T[] => texts.map((text) => parser(text, base))
  const fallback = parseAll(shown, '/')
  const { choices } = parser
  return { kind: 'list', group, placeholder, choices, help, shown: shown.join(' '), fallback, parse: parseAll }
}

function flag(group: Group, help: string): Option<boolean> {
  return flagOr(group, help, false, '')
}

function flagOr<T>(group: Group, help: string, fallback: T, shown: string): Option<boolean | T> {
  const parseLast = (texts: readonly string[]): boolean => parse.truth(texts.at(-1) ?? '')
  return { kind: 'flag', group, placeholder: '', choices: undefined, help, shown, fallback, parse: parseLast }
}
