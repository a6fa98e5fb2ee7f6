/** What `as2fs events` takes, and says of itself. */
import { jsonOption, type Command } from '../command.js'

export const eventsCommand: Command = {
  name: 'events',
  usage: '<mountpoint> [--follow] [--json] [--since T] [--cursor FILE]',
  summary: 'what happened: what came in, and what became of what was sent',
  description: [
    'Prints a line for each event of the last day, or since T, and ends; with --follow, what happens from now on (or since ' +
      'T), until the mount ends. With --cursor it goes on where it was when it last used that FILE: none is missed, ' +
      'also of what came in while nobody was there, and one that was printed last may be printed again.',
    'Events: received, queued, held, submitted, taken, duplicate, failed, delivered, refused, overdue, mdn-unreadable, bucket-lost, bucket-back, keys-refused, ' +
      'keys-accepted; gap, where some are not kept any more.',
  ],
  positionals: { min: 1, max: 1, are: ['mountpoint'] },
  options: [
    {
      name: 'follow',
      alias: 'f',
      kind: 'flag',
      placeholder: '',
      group: 'Options',
      shown: '',
      help: 'go on with what happens; meanwhile all inboxes are looked at every --list-ttl of the mount',
    },
    jsonOption,
    {
      name: 'since',
      kind: 'value',
      placeholder: 'T',
      group: 'Options',
      shown: '1d; with --follow: now',
      help: '2h, 3d, or a time such as 2026-11-28T10:00Z',
    },
    {
      name: 'cursor',
      kind: 'value',
      placeholder: 'FILE',
      group: 'Options',
      shown: '',
      help: 'where to keep how far it was printed; made if it is not there',
    },
  ],
  examples: [
    ['as2fs events /mnt/as2 --since 2h', 'what happened lately'],
    ['as2fs events /mnt/as2 --follow --json --cursor /var/lib/my-erp/as2.cursor', 'for a program that misses none'],
  ],
  load: () => import('../commands/events.js'),
}
