/** Completion for zsh, by `_arguments`. Pure. */
import { valueOf, type Command, type CommandOption, type Takes } from '../command.js'

export function zshCompletion(commands: readonly Command[]): string {
  return `#compdef as2fs
# zsh completion for as2fs; made by: as2fs completion zsh

_as2fs() {
  local curcontext=$curcontext state line
  _arguments -C '(- *)'{-h,--help}'[what as2fs does]' '(- *)--version[print the version]' '1:command:->command' '*::argument:->argument' && return
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, summary }) => `        ${quoted(`${name}:${summary}`)}`).join('\n')}
      )
      _describe command commands
      ;;
    argument)
      case $words[1] in
${commands.map(section).join('\n')}
      esac
      ;;
  esac
}

# As the kernel has them, with its escapes for spaces.
_as2fs_mountpoints() {
  local source where type others
  local -a found
  while read -r source where type others; do
    [[ $type == fuse.as2fs ]] && found+=("$(print -- $where)")
  done </proc/self/mounts
  compadd -f -- $found
}

_as2fs "$@"
`
}

function section({ name, options, positionals }: Command): string {
  const specs = [
    `'(- *)'{-h,--help}'[what it does]'`,
    ...options.map(optionSpec),
    ...positionals.are.map((takes, at) =>
      quoted(`${at + 1}${at < positionals.min ? '' : ':'}:${nameOf(takes)}:${action(takes)}`),
    ),
  ]
  return `        ${name}) _arguments -S ${specs.join(' \\\n          ')} ;;`
}

function optionSpec(option: CommandOption): string {
  const { name, alias, kind, help, placeholder } = option
  const takes = valueOf(option)
  const text = `[${help.replaceAll(/[\\[\]:]/g, '\\$&')}]`
  const value = takes === undefined ? '' : `:${placeholder.replaceAll(':', '\\:')}:${action(takes)}`
  const long = name.length === 1 ? `-${name}` : `--${name}${takes === undefined ? '' : '='}`
  const often = kind === 'list' ? '*' : ''
  if (alias === undefined) return quoted(`${often}${long}${text}${value}`)
  return `'(-${alias} --${name})'{-${alias},--${name}}${quoted(`${text}${value}`)}`
}

function nameOf(takes: Takes): string {
  return typeof takes === 'object' ? 'action' : takes === 'other' ? 'argument' : takes
}

function action(takes: Takes): string {
  if (typeof takes === 'object') return `(${takes.join(' ')})`
  switch (takes) {
    case 'file':
      return '_files'
    case 'directory':
      return '_files -/'
    case 'mountpoint':
      return '_as2fs_mountpoints'
    case 'other':
      return ' '
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
