/** What `as2fs deliveries` takes, and says of itself. */
import { checkOption, jsonOption, type Command } from '../command.js'

export const deliveriesCommand: Command = {
  name: 'deliveries',
  usage: '<mountpoint> [STATION/PARTNER] [--state S] [--since 2d] [--json|--check]',
  summary: 'what became of what was sent: delivered, refused, overdue',
  description: [
    'Shows the messages of the outboxes, and what the partners’ receipts (MDNs) say of each; the latest first.',
    'States: pending (no receipt yet), overdue (for longer than --mdn-overdue), delivered, warned (delivered, with a warning ' +
      'in the receipt), refused.',
    '--check prints one line and exits as a Nagios plugin does: 0 all is well, 1 some are overdue, 2 some are refused or ' +
      'a file in send/ has failed, 3 not mounted, or nobody can say.',
  ],
  positionals: { min: 1, max: 2, are: ['mountpoint', 'other'] },
  options: [
    {
      name: 'state',
      kind: 'value',
      placeholder: 'STATE',
      choices: ['pending', 'overdue', 'delivered', 'warned', 'refused'],
      group: 'Options',
      help: 'pending, overdue, delivered, warned or refused only',
      shown: '',
    },
    {
      name: 'since',
      kind: 'value',
      placeholder: 'TIME',
      group: 'Options',
      help: 'sent within that time, e.g. 2d, or since a date',
      shown: 'all that the bucket has',
    },
    jsonOption,
    checkOption,
  ],
  examples: [
    ['as2fs deliveries /mnt/as2 --since 2d', 'what was sent since the day before yesterday'],
    ['as2fs deliveries /mnt/as2 ACME/GLOBEX --state refused', 'what one partner has refused'],
    ['as2fs deliveries /mnt/as2 --since 7d --check', 'for a monitor'],
  ],
  load: () => import('../commands/deliveries.js'),
}
