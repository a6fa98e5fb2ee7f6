/** What `as2fs doctor` takes, and says of itself. */
import { jsonOption, type Command } from '../command.js'
import { mountCommand } from './mount.js'

export const doctorCommand: Command = {
  name: 'doctor',
  usage: '[<bucket>] [<mountpoint>] [options]',
  summary: 'whether a mount would work, and if not, what to do',
  description: [
    'Looks at everything that a mount needs: this machine, the state directory, the way to the server, the keys, and what ' +
      'they may do in the bucket. A line for each: ✔ is well, ! works all the same, ✘ does not, and a sentence that says what to ' +
      'do. The last line is the verdict; exit code 0 only if a mount would work.',
    'It takes the options of as2fs mount, and --config. It mounts nothing and changes nothing, and may run beside a mount. ' +
      'Whether files may be sent is tried by beginning an upload and aborting it, of which no object is made. It takes 15 s at most.',
    'With --json: {"works": true, "verdict": "…", "checks": [{"group", "name", "mark": "ok|warning|failure|skipped", "text"}]}.',
  ],
  positionals: { min: 0, max: 2, are: ['other', 'directory'] },
  options: [jsonOption, ...mountCommand.options.filter(({ name }) => name !== 'foreground')],
  examples: [
    ['as2fs doctor my-bucket --credentials-csv keys.csv', 'before the first mount'],
    ['as2fs doctor --config /etc/as2fs/acme.yaml', 'at night: what is wrong'],
    ['as2fs doctor', 'this machine alone'],
  ],
  load: () => import('../commands/doctor.js'),
}
