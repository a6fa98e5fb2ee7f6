/** What `as2fs completion` takes, and says of itself. */
import type { Command } from '../command.js'

export const completionCommand: Command = {
  name: 'completion',
  usage: 'bash|zsh|fish',
  summary: "what a shell needs to complete as2fs's words",
  description: [
    'Prints what completes commands, options, their values and mountpoints in a shell. The packages have it in place; elsewhere one of ' +
      'these, once.',
  ],
  positionals: { min: 1, max: 1, are: [['bash', 'zsh', 'fish']] },
  options: [],
  examples: [
    [
      'as2fs completion bash > ~/.local/share/bash-completion/completions/as2fs',
      'bash, with its package bash-completion',
    ],
    ['as2fs completion zsh > ~/.zsh/_as2fs', 'zsh, where fpath has ~/.zsh before compinit'],
    ['as2fs completion fish > ~/.config/fish/completions/as2fs.fish', 'fish'],
  ],
  load: () => import('../commands/completion.js'),
}
