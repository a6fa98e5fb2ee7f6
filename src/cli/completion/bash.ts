/** Completion for bash, by its own means alone: no process is started at a TAB, and no mount is touched. Pure. */
import { valueOf, type Command, type CommandOption, type Takes } from '../command.js'

export function bashCompletion(commands: readonly Command[]): string {
  return `# bash completion for as2fs; made by: as2fs completion bash
_as2fs() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command='' place=0 options='' values='' takes='' word at
  COMPREPLY=()
  # --option=value are three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ -z $command ]]; then
      if [[ $word != -* ]]; then command=$word; fi
    elif [[ $word == = ]]; then
      ((at++))
    elif _as2fs_needs_value "$command" "$word"; then
      if [[ \${COMP_WORDS[at + 1]} != = ]]; then ((at++)); fi
    elif [[ $word != -* ]]; then
      ((place++))
    fi
  done

  case $command in
    '') values='${commands.map(({ name }) => name).join(' ')}' options='--help --version' ;;
${commands.map(section).join('\n')}
  esac

  case $takes in
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    mountpoint) _as2fs_mountpoints ;;
    nothing) ;;
    *)
      if [[ $current == -* ]]; then values=$options; fi
      mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
      ;;
  esac
}

# As the kernel has them, with its escapes for spaces.
_as2fs_mountpoints() {
  local path type
  compopt -o filenames
  while read -r _ path type _; do
    if [[ $type == fuse.as2fs ]]; then
      printf -v path %b "$path"
      if [[ $path == "$current"* ]]; then COMPREPLY+=("$path"); fi
    fi
  done </proc/self/mounts
}

_as2fs_needs_value() {
  case "$1 $2" in
${commands
  .flatMap(withValues)
  .map((it) => `    ${it}) ;;`)
  .join('\n')}
    *) return 1 ;;
  esac
}

complete -F _as2fs as2fs
`
}

/** What is possible behind a command: behind one of its options, or in the place that the word has. */
function section({ name, options, positionals }: Command): string {
  const words = [...options.flatMap(spellings), '--help'].join(' ')
  const cases = [
    ...options.flatMap((option) => {
      const takes = valueOf(option)
      return takes === undefined ? [] : [`*' ${spellings(option).join(`' | *' `)}') ${assignment(takes)} ;;`]
    }),
    ...positionals.are.map((takes, at) => `'${at} '*) ${assignment(takes)} ;;`),
    `*) takes=nothing ;;`,
  ]
  return `    ${name})
      options='${words}'
      case "$place $previous" in
${cases.map((it) => `        ${it}`).join('\n')}
      esac
      if [[ $current == -* ]]; then takes=''; fi
      ;;`
}

function assignment(takes: Takes): string {
  if (typeof takes === 'object') return `values='${takes.join(' ')}'`
  return takes === 'other' ? 'takes=nothing' : `takes=${takes}`
}

function withValues({ name, options }: Command): string[] {
  const words = options.filter(({ kind }) => kind !== 'flag').flatMap(spellings)
  return words.length === 0 ? [] : [words.map((it) => `'${name} ${it}'`).join(' | ')]
}

function spellings({ name, alias }: CommandOption): string[] {
  return [dashed(name), ...(alias === undefined ? [] : [dashed(alias)])]
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}
