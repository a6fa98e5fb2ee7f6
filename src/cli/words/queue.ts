/** What `as2fs queue` takes, and says of itself. */
import { jsonOption, type Command } from '../command.js'

export const queueCommand: Command = {
  name: 'queue',
  usage: '<mountpoint>|--state-dir DIR [retry|cancel|release NAME]',
  summary: 'what waits to be sent, and change it',
  description: [
    'Shows the files in send/ that the gateway has not taken yet. NAME is the name shown, or STATION/PARTNER/NAME where ' +
      'there are several. retry: try now, a failed one too. cancel: take it out, nothing is sent. release: send a held one.',
    'States: open (being written), held (empty, or its name looks unfinished), queued, uploading, submitted (in the ' +
      'bucket; the gateway has yet to take it), failed (kept, not tried again by itself).',
  ],
  positionals: { min: 0, max: 3, are: ['mountpoint', ['retry', 'cancel', 'release'], 'other'] },
  options: [
    jsonOption,
    {
      name: 'state-dir',
      kind: 'value',
      placeholder: 'DIR',
      group: 'Options',
      shown: '',
      help: 'of a mount that may not be there: what waits in its state directory',
    },
  ],
  examples: [
    ['as2fs queue /mnt/as2', 'what waits'],
    ['as2fs queue --state-dir /var/lib/as2fs/my-bucket-1a2b3c4d', 'what waits, without a mount'],
    ['as2fs queue /mnt/as2 release ACME/GLOBEX/order.tmp', 'send a file whose name looks unfinished'],
  ],
  load: () => import('../commands/queue.js'),
}
