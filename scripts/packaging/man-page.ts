/** as2fs(1), in man(7), out of the words that commands and options have for `--help`. Pure. */
import type { Command, CommandOption } from '../../src/cli/command.js'

/** What no command says, section by section. */
const furtherSections: readonly (readonly [
  title: string,
  entries: readonly (readonly [term: string, text: string])[],
])[] = [
  [
    'FILES',
    [
      [
        '/etc/as2fs/NAME.yaml',
        'options of a mount: as2fs mount --config, and as2fs@NAME.service; example.yaml.sample is beside it',
      ],
      [
        '/var/lib/as2fs/',
        'state of the mounts of root, files on their way included; of others in ~/.local/state/as2fs/',
      ],
      ['MOUNTPOINT/.as2fs/', 'what a daemon says of itself: status.json, queue.json, metrics'],
      ['/usr/share/doc/as2fs/', 'SEMANTICS.md: what exactly may be relied on'],
    ],
  ],
  [
    'ENVIRONMENT',
    [
      ['AS2FS_OPTION', 'an option of as2fs mount: AS2FS_LIST_TTL is --list-ttl'],
      ['AWS_*', 'credentials, region, endpoint and certificates, as for the AWS CLI'],
      ['HTTPS_PROXY, HTTP_PROXY, NO_PROXY', 'proxies, as for the AWS CLI'],
      ['AS2FS_DEBUG', 'whatever its value: failures are shown with where they come from'],
    ],
  ],
  [
    'SIGNALS',
    [
      ['SIGTERM, SIGINT', 'the daemon unmounts, uploads what waits for up to --drain, and ends'],
      ['SIGHUP', 'the daemon opens its logs anew, and reads the log level again'],
    ],
  ],
  [
    'EXIT STATUS',
    [
      ['0', 'done'],
      ['1', 'one sentence on stderr says what went wrong, and what to do'],
      [
        '0, 1, 2, 3',
        'of deliveries --check, as of a Nagios plugin: all is well, overdue, refused or failed, not mounted',
      ],
    ],
  ],
]

export function manPage(commands: readonly Command[], version: string, day: string): string {
  return [
    `.TH AS2FS 1 ${day} "as2fs ${version}"`,
    '.SH NAME',
    'as2fs \\- the S3 bucket of an AS2 gateway as plain folders',
    '.SH SYNOPSIS',
    ...commands.flatMap(({ name, usage }, at) => [...(at === 0 ? [] : ['.br']), `.B as2fs ${name}`, text(usage)]),
    '.SH DESCRIPTION',
    text(
      'Mounts the S3 bucket of an AS2 gateway: programs that know nothing of AS2 or S3 receive business documents by reading files, and send ' +
        'them by writing files. A file that is copied into STATION/PARTNER/send/ is sent once, when its last writer has closed it.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    ...furtherSections.flatMap(([title, entries]) => [`.SH ${title}`, ...entries.flatMap(entry)]),
    '.SH SEE ALSO',
    '.BR mount (8),',
    '.BR umount (8),',
    '.BR systemd.unit (5)',
    '',
  ].join('\n')
}

function commandSection({ name, usage, description, options, examples }: Command): string[] {
  const groups = [...new Set(options.map(({ group }) => group))]
  return [
    `.SS as2fs ${name} ${text(usage)}`,
    ...description.flatMap((it, at) => [...(at === 0 ? [] : ['.PP']), text(it)]),
    ...groups.flatMap((group) => [
      // One group of options needs no title.
      ...(groups.length === 1 ? [] : ['.PP', `.I ${text(group)}`]),
      ...options.filter((it) => it.group === group).flatMap(optionEntry),
    ]),
    ...examples.flatMap(([line, purpose]) => [
      '.PP',
      `${text(upperFirst(purpose))}:`,
      '.PP',
      '.RS',
      '.nf',
      text(line),
      '.fi',
      '.RE',
    ]),
  ]
}

function optionEntry({ name, alias, placeholder, kind, help, shown }: CommandOption): string[] {
  const spelt = [...(alias === undefined ? [] : [`-${alias}`]), `${name.length === 1 ? '-' : '--'}${name}`]
  const notes = [...(kind === 'list' ? ['repeatable'] : []), ...(shown === '' ? [] : [`default ${shown}`])]
  const term =
    spelt.map((it) => `\\fB${text(it)}\\fR`).join(', ') + (placeholder === '' ? '' : ` \\fI${text(placeholder)}\\fR`)
  return ['.TP', term, text(notes.length === 0 ? help : `${help} (${notes.join('; ')})`)]
}

function entry([term, meaning]: readonly [term: string, text: string]): string[] {
  return ['.TP', `.B ${text(term)}`, text(meaning)]
}

/** As it is, whatever roff takes it for. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replaceAll('’', '\\(cq')
    .replace(/^\./, '\\&.')
}

function upperFirst(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}
