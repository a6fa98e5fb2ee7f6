# Prints what zsh offers behind a line: zsh -f zsh-completions.zsh FOLDER LINE, where FOLDER has _as2fs.
# It completes only at a terminal, so one is played; what it offers is what its own function is called with.
zmodload zsh/zpty
export FOLDER=$1
cat >$FOLDER/setup <<'SETUP'
PROMPT=
fpath=($FOLDER $fpath)
autoload -Uz compinit; compinit -u -d $FOLDER/dump
bindkey '^M' undefined; bindkey '^J' undefined; bindkey '^I' complete-word
edge() { print -r -- $'\0' }
compprefuncs=(edge); comppostfuncs=(edge exit)
zstyle ':completion:*' insert-tab false
compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    local -a offered; builtin compadd -O offered "$@"
    (( $#offered )) && print -rl -- $offered
  fi
  builtin compadd "$@"
}
print ready
SETUP
zpty asked zsh -f -i
zpty -w asked "source $FOLDER/setup"
while zpty -r asked line; do [[ $line == ready* ]] && break; done
zpty -w asked "$2"$'\t'
integer edges=0
while zpty -r asked line; do
  if [[ $line == *$'\0'* ]]; then
    ((edges++)) && break
  elif ((edges)); then
    print -r -- ${line%$'\r\n'}
  fi
done
