/** What `as2fs status` takes, and says of itself. */
import { jsonOption, type Command } from '../command.js'

export const statusCommand: Command = {
  name: 'status',
  usage: '[<mountpoint>] [--json]',
  summary: 'how a mount is, or all of yours',
  description: [
    'Says how a mount is: its daemon, what it can reach, what waits to be sent. Without a mountpoint: all mounts that ' +
      'can be found. Exit code 1 if one does not answer or there is none; a degraded mount is no failure.',
  ],
  positionals: { min: 0, max: 1, are: ['mountpoint'] },
  options: [jsonOption],
  examples: [
    ['as2fs status', 'all mounts'],
    ['as2fs status /mnt/as2 --json | jq .problems', 'what is wrong, for a program'],
  ],
  load: () => import('../commands/status.js'),
}
