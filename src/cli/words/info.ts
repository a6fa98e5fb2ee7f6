/** What `as2fs info` takes, and says of itself. */
import { jsonOption, type Command } from '../command.js'

export const infoCommand: Command = {
  name: 'info',
  usage: '<path> [--json]',
  summary: 'what is known of a file beyond its bytes',
  description: [
    "Shows a file's key in the bucket, its ETag, message id, when the gateway deletes it, how far it is on its way if it " +
      'is in send/, and of an MDN what it says and to which message.',
  ],
  positionals: { min: 1, max: 1, are: ['file'] },
  options: [jsonOption],
  examples: [['as2fs info /mnt/as2/ACME/GLOBEX/send/order.edi', 'has it been sent?']],
  load: () => import('../commands/info.js'),
}
