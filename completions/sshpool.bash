# Generated from the command table of sshpool: npm run generate
_sshpool() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local words=("${COMP_WORDS[@]}") options= values= arguments= word i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'exec stats close warm agent completion help --help --version' -- "$current")
    return
  fi
  case ${words[1]} in
    exec)
      options='-F -l -p -i -J -o -4 -6 -A -a -n -t -T -q -v --timeout --fresh --json --help -h'
      values='-F -l -p -i -J -o --timeout'
      arguments="$(sshpool completion --hosts 2>/dev/null)"
      ;;
    stats)
      options='--json --help -h'
      values=''
      arguments="$(sshpool completion --targets 2>/dev/null)"
      ;;
    close)
      options='--all --force --help -h'
      values=''
      arguments="$(sshpool completion --targets 2>/dev/null)"
      ;;
    warm)
      options='-F -l -p -i -J -o -4 -6 -A -a -q -v --help -h'
      values='-F -l -p -i -J -o'
      arguments="$(sshpool completion --hosts 2>/dev/null)"
      ;;
    agent)
      options='--help -h'
      values=''
      arguments="start stop restart status run logs"
      case ${words[2]} in
        start) options='--help -h' ;;
        stop) options='--force --help -h' ;;
        restart) options='--help -h' ;;
        status) options='--json --help -h' ;;
        run) options='--help -h' ;;
        logs) options='--follow -f --help -h' ;;
      esac
      ;;
    completion)
      options='--help -h'
      values=''
      arguments="bash zsh fish"
      ;;
    help) arguments='exec stats close warm agent completion' ;;
  esac
  if [[ " $values " == *" $previous "* ]]; then
    [[ $previous == -[Fi] ]] && mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  # After the HOST of exec comes a command of the remote machine, which we do not know.
  if [[ ${words[1]} == exec ]]; then
    for ((i = 2; i < COMP_CWORD; i++)); do
      word=${words[i]}
      if [[ " $values " == *" $word "* ]]; then ((i++)); continue; fi
      [[ $word == -* ]] || return
    done
  fi
  mapfile -t COMPREPLY < <(compgen -W "$arguments" -- "$current")
}
complete -F _sshpool sshpool
