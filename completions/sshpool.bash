# Generated from the command table of sshpool: npm run generate
_sshpool() {
  local rest=${COMP_LINE:-${COMP_WORDS[*]}} word bare i path='' options='' arguments='' most=1 given=0
  local -a words=()
  # Bash breaks words at : = and @ too; those without a blank between them belong together.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    bare=${rest#"${rest%%[![:space:]]*}"}
    if ((i == 0)) || [[ $bare != "$rest" ]]; then words+=("$word")
    else words[${#words[@]} - 1]+=$word; fi
    rest=${bare#"$word"}
  done
  local last=$((${#words[@]} - 1))
  local current=${words[last]} previous=${words[last - 1]}
  COMPREPLY=()
  if ((last > 1)); then path=${words[1]}; fi
  for ((i = 2; i < last; i++)); do
    case ${words[i]} in
      --) ;;
      -F|-l|-p|-i|-J|-o|-e|--timeout|--remote|--socket) ((i++)) ;;
      -*) ;;
      *) if [[ $path == @(agent) ]]; then path+=" ${words[i]}"; else ((given++)); fi ;;
    esac
  done
  case $path in
    '') arguments='exec ssh shell wrap compose resources docker-sock stats close warm agent setup demo completion help' options='--help -h --version -V' ;;
    exec) options='-F -l -p -i -J -o -4 -6 -A -a -n -t -T -e -q -v --timeout --fresh --json --help -h' arguments='hosts' most=1 ;;
    ssh) options='-F -l -p -i -J -o -4 -6 -A -a -n -t -T -e -q -v' arguments='hosts' most=1 ;;
    shell) options='-F -l -p -i -J -o -4 -6 -A -a -e -q -v --fresh --help -h' arguments='hosts' most=1 ;;
    wrap) options='--help -h' arguments='' most=1 ;;
    compose) options='--json -F -l -p -i -J -o -4 -6 -A -a -q -v --help -h' arguments='hosts' most=1 ;;
    resources) options='--json -F -l -p -i -J -o -4 -6 -A -a -q -v --help -h' arguments='hosts' most=1 ;;
    docker-sock) options='--remote --socket -F -l -p -i -J -o -4 -6 -A -a -q -v --help -h' arguments='hosts' most=1 ;;
    stats) options='--json --help -h' arguments='targets' most=1 ;;
    close) options='--all --force --help -h' arguments='targets' most=1 ;;
    warm) options='-F -l -p -i -J -o -4 -6 -A -a -q -v --help -h' arguments='hosts' most=99 ;;
    agent) options='--help -h' arguments='start stop restart status run logs log-level' most=1 ;;
    'agent start') options='--help -h' arguments='' most=1 ;;
    'agent stop') options='--force --help -h' arguments='' most=1 ;;
    'agent restart') options='--force --help -h' arguments='' most=1 ;;
    'agent status') options='--json --help -h' arguments='' most=1 ;;
    'agent run') options='--help -h' arguments='' most=1 ;;
    'agent logs') options='--follow -f --help -h' arguments='' most=1 ;;
    'agent log-level') options='--help -h' arguments='info debug' most=1 ;;
    setup) options='--ssh --service --undo --yes -y --json --help -h' arguments='' most=1 ;;
    demo) options='--help -h' arguments='' most=1 ;;
    completion) options='--help -h' arguments='bash zsh fish' most=1 ;;
    help) options='' arguments='exec ssh shell wrap compose resources docker-sock stats close warm agent setup demo completion' most=1 ;;
    *) return ;;
  esac
  ((given < most)) || return
  case $previous in
    -F|-i) 
      compopt -o filenames 2>/dev/null
      arguments=$(compgen -f -- "$current") ;;
    -l|-p|-J|-o|-e|--timeout|--remote|--socket) return ;;
    *)
      if [[ $current == -* ]]; then arguments=$options
      elif [[ $arguments == hosts ]]; then arguments=$(command sshpool completion --hosts 2>/dev/null)
      elif [[ $arguments == targets ]]; then arguments=$(command sshpool completion --targets 2>/dev/null)
      fi
      arguments=${arguments// /$'\n'} ;;
  esac
  # Readline replaces no more than its own last word, which is $2. Nothing is expanded here.
  local kept=${current%"${2-$current}"}
  while IFS= read -r word; do
    if [[ -n $word && $word == "$current"* ]]; then COMPREPLY+=("${word#"$kept"}"); fi
  done <<< "$arguments"
}
complete -F _sshpool sshpool
