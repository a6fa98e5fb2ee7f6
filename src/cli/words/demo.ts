/** What `as2fs demo` takes, and says of itself. */
import type { Command } from '../command.js'

export const demoCommand: Command = {
  name: 'demo',
  usage: '[<mountpoint>]',
  summary: 'a gateway of its own to play with, without a bucket',
  description: [
    'Mounts a bucket that lives in memory, with a gateway that plays its part: documents arrive, what you send is taken ' +
      'and answered. Nothing leaves this machine, and nothing is left of it at Ctrl-C.',
  ],
  positionals: { min: 0, max: 1, are: ['directory'] },
  options: [],
  examples: [['as2fs demo', 'on a directory of its own']],
  load: () => import('../commands/demo.js'),
}
