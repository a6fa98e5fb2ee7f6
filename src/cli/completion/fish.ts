/** Completion for fish. Pure. */
import { valueOf, type Command, type CommandOption, type Takes } from '../command.js'

export function fishCompletion(commands: readonly Command[]): string {
  return `# fish completion for as2fs; made by: as2fs completion fish

# As the kernel has them, with its escapes for spaces.
function __as2fs_mountpoints
    while read -l source where type others
        test "$type" = fuse.as2fs; and printf '%b\\n' $where
    end </proc/self/mounts
end

# Whether the word is the one behind so many others of a command, its options and their values aside.
function __as2fs_at
    set -l words (commandline -opc)
    test "$words[2]" = $argv[1]; or return
    set -l place 0
    set -l skipped no
    for word in $words[3..]
        if test $skipped = yes
            set skipped no
        else if string match -q -- '-*' $word
            contains -- $word $argv[3..]; and set skipped yes
        else
            set place (math $place + 1)
        end
    end
    test $place = $argv[2]
end

complete -c as2fs -f
complete -c as2fs -n __fish_use_subcommand -s h -l help -d 'what as2fs does'
complete -c as2fs -n __fish_use_subcommand -l version -d 'print the version'
${commands.map(({ name, summary }) => `complete -c as2fs -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`).join('\n')}

${commands.map(section).join('\n\n')}
`
}

function section({ name, options, positionals }: Command): string {
  const withValues = options.filter(({ kind }) => kind !== 'flag').map((it) => dashed(it.name))
  return [
    `complete -c as2fs -n '__fish_seen_subcommand_from ${name}' -s h -l help -d 'what it does'`,
    ...options.map((option) => optionLine(name, option)),
    ...positionals.are.flatMap((takes, at) => {
      const words = action(takes)
      const condition = quoted(['__as2fs_at', name, at, ...withValues].join(' '))
      return words === '' ? [] : [`complete -c as2fs -n ${condition} ${words}`]
    }),
  ].join('\n')
}

function optionLine(command: string, option: CommandOption): string {
  const { name, alias, help } = option
  const takes = valueOf(option)
  return [
    `complete -c as2fs -n '__fish_seen_subcommand_from ${command}'`,
    name.length === 1 ? `-s ${name}` : `-l ${name}`,
    ...(alias === undefined ? [] : [`-s ${alias}`]),
    ...(takes === undefined ? [] : [action(takes) || '-x']),
    `-d ${quoted(help)}`,
  ].join(' ')
}

/** '': nothing that could be told. */
function action(takes: Takes): string {
  if (typeof takes === 'object') return `-x -a ${quoted(takes.join(' '))}`
  switch (takes) {
    case 'file':
      return '-r -F'
    case 'directory':
      return `-x -a '(__fish_complete_directories)'`
    case 'mountpoint':
      return `-x -a '(__as2fs_mountpoints)'`
    case 'other':
      return ''
  }
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
