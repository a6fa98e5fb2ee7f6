/** What `as2fs status` takes, and says of itself. */
import { checkOption, jsonOption, type Command } from '../command.js'

export const statusCommand: Command = {
  name: 'status',
  usage: '[<mountpoint>] [--json|--check]',
  summary: 'how a mount is, or all of yours',
  description: [
    'Says how a mount is: its daemon, what it can reach, what waits to be sent. Without a mountpoint: all mounts that ' +
      'can be found. Exit code 1 if one does not answer or there is none; a degraded mount is no failure.',
    '--check prints one line and exits as a Nagios plugin does: 0 all is well, 1 it is being unmounted, 2 it is degraded, 3 not ' +
      'mounted, or nobody can say.',
  ],
  positionals: { min: 0, max: 1, are: ['mountpoint'] },
  options: [jsonOption, checkOption],
  examples: [
    ['as2fs status', 'all mounts'],
    ['as2fs status /mnt/as2 --json | jq .problems', 'what is wrong, for a program'],
    ['as2fs status /mnt/as2 --check', 'for a monitor'],
  ],
  load: () => import('../commands/status.js'),
}
