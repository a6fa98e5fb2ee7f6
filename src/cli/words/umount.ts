/** What `as2fs umount` takes, and says of itself. */
import type { Command } from '../command.js'

export const umountCommand: Command = {
  name: 'umount',
  usage: '<mountpoint> [--drain TIME]',
  summary: 'unmount, and upload what waits',
  description: [
    'Unmounts, goes on uploading for a while, and says what remains in the queue: that is kept and sent at the next ' +
      'mount. A mount that is in use stays, and is said by whom. A dead mount is cleared.',
  ],
  positionals: { min: 1, max: 1, are: ['mountpoint'] },
  options: [
    {
      name: 'drain',
      kind: 'value',
      placeholder: 'TIME',
      group: 'Options',
      help: 'to go on uploading',
      shown: 'what was said at the mount',
    },
  ],
  examples: [['as2fs umount /mnt/as2 --drain 5m', 'give a big file time']],
  load: () => import('../commands/umount.js'),
}
