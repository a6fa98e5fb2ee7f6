/** What `as2fs new` takes, and says of itself. */
import { jsonOption, type Command } from '../command.js'

export const newCommand: Command = {
  name: 'new',
  usage: '<mountpoint> [--reset|--take-all [STATION/PARTNER]]',
  summary: 'how many received files wait in new/, and start over',
  description: [
    'Shows for each partner how many files wait in new/, and how many were taken: removed there, or moved away. The bucket ' +
      'and inbox/ keep them all.',
    '--reset: shows all that the bucket has again. --take-all: takes all that is there now. Of one partner, or of all.',
  ],
  positionals: { min: 1, max: 2, are: ['mountpoint', 'other'] },
  options: [
    jsonOption,
    { name: 'reset', kind: 'flag', placeholder: '', group: 'Options', shown: '', help: 'show all again' },
    {
      name: 'take-all',
      kind: 'flag',
      placeholder: '',
      group: 'Options',
      shown: '',
      help: 'take all that is there now',
    },
  ],
  examples: [
    ['as2fs new /mnt/as2', 'what waits'],
    ['as2fs new /mnt/as2 --take-all', 'begin with what comes from now on'],
    ['as2fs new /mnt/as2 --reset ACME/GLOBEX', 'receive all of a partner once more'],
  ],
  load: () => import('../commands/new.js'),
}
