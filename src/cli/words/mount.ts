/** What `as2fs mount` takes, and says of itself. */
import type { Command, CommandOption } from '../command.js'
import { mountOptions, optionNames, type OptionName } from '../options.js'

const ownOptions: readonly CommandOption[] = [
  {
    name: 'foreground',
    alias: 'f',
    kind: 'flag',
    placeholder: '',
    group: 'Daemon',
    shown: '',
    help: 'stay, log to stderr, stop at Ctrl-C',
  },
  {
    name: 'o',
    kind: 'list',
    placeholder: 'OPT,OPT=VALUE',
    group: 'Daemon',
    shown: '',
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
      'The file may name bucket and mountpoint, too (bucket: my-bucket), which are left out here then. ' +
      'Times: 250ms, 5s, 10m, 1h. Sizes: 512k, 1MB, 256MiB, 10GiB.',
    'Credentials come from the environment, ~/.aws, the machine (as for every AWS program), or --credentials-csv.',
  ],
  positionals: { min: 0, max: 2, are: ['other', 'directory'] },
  options: [
    ...optionNames.map((name) => ({ name, ...mountOptions[name] })).map(({ name, ...it }) => described(name, it)),
    ...ownOptions,
  ],
  examples: [
    ['as2fs mount my-bucket /mnt/as2', 'the bucket of a gateway on AWS'],
    ['as2fs mount my-bucket /mnt/as2 --credentials-csv keys.csv -f', 'with the keys of the gateway, staying'],
    ['as2fs mount edi /mnt/as2 --endpoint http://minio:9000', 'another S3 server'],
    ['as2fs mount my-bucket /mnt/as2 --station ACME/GLOBEX --commit rename', 'send what has its final name only'],
    ['as2fs mount --config /etc/as2fs/acme.yaml', 'all that there is to say is in the file'],
    ['as2fs mount my-bucket /mnt/as2 -o allow_other,uid=edi,umask=027', 'as in /etc/fstab'],
  ],
  load: () => import('../commands/mount.js'),
}

function described(name: OptionName, option: Omit<CommandOption, 'name'>): CommandOption {
  const { kind, placeholder, choices, group, help, shown } = option
  return { name, kind, placeholder, choices, group, help, shown }
}
