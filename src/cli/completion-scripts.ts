/** The completion scripts of bash, zsh and fish; they ask `sshpool completion` for hosts and targets. */
import { LOG_LEVELS } from '../base/log.ts';
import type { OptionSpec } from '../config/command-line/options.ts';
import type { ArgumentKind, CommandSpec } from './command-table.ts';
import { SHELLS } from './command-table.ts';

const HEAD = '# Generated from the command table of sshpool: npm run generate';
const HOSTS = 'command sshpool completion --hosts 2>/dev/null';
const TARGETS = 'command sshpool completion --targets 2>/dev/null';

function spellings(options: readonly OptionSpec[]): string[] {
  return options.flatMap(({ name, alias }) => (alias ? [name, alias] : [name]));
}

/** An option whose value is the next word has the same meaning in all commands. */
function withValue(commands: readonly CommandSpec[]): string[] {
  const options = commands.flatMap((spec) => spec.options);
  return [...new Set(spellings(options.filter(({ value }) => value !== undefined)))];
}

const FILE_OPTIONS = ['-F', '-i'];

const namesOf = (commands: readonly CommandSpec[]): string =>
  commands.map(({ name }) => name).join(' ');

/** How many arguments are completed: after the HOST of exec comes a command of the remote machine. */
const most = ({ usage }: CommandSpec): number => (usage.endsWith('HOST...') ? 99 : 1);

function bashCase(spec: CommandSpec, commands: readonly CommandSpec[]): string {
  const { argument } = spec;
  const kinds: Readonly<Record<ArgumentKind, string>> = {
    host: 'hosts',
    pooled: 'targets',
    shell: SHELLS.join(' '),
    level: LOG_LEVELS.join(' '),
    command: namesOf(spec.commands ?? commands),
  };
  const known = argument ? kinds[argument] : '';
  return `options='${spellings(spec.options).join(' ')}' arguments='${known}' most=${most(spec)} ;;`;
}

/** Splits the words up to the cursor as the program will receive them. */
const BASH_WORDS = `  local rest=\${COMP_LINE:-\${COMP_WORDS[*]}} word bare i path='' options='' arguments='' most=1 given=0
  local -a words=()
  # Bash breaks words at : = and @ too; those without a blank between them belong together.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    bare=\${rest#"\${rest%%[![:space:]]*}"}
    if ((i == 0)) || [[ $bare != "$rest" ]]; then words+=("$word")
    else words[\${#words[@]} - 1]+=$word; fi
    rest=\${bare#"$word"}
  done
  local last=$((\${#words[@]} - 1))
  local current=\${words[last]} previous=\${words[last - 1]}
  COMPREPLY=()
`;

const BASH_REPLY = `  # Readline replaces no more than its own last word, which is $2. Nothing is expanded here.
  local kept=\${current%"\${2-$current}"}
  while IFS= read -r word; do
    if [[ -n $word && $word == "$current"* ]]; then COMPREPLY+=("\${word#"$kept"}"); fi
  done <<< "$arguments"
}
`;

export function bashCompletion(commands: readonly CommandSpec[]): string {
  const help = helpCommand();
  const cases = [...commands, help].flatMap((spec) => [
    `    ${spec.name}) ${bashCase(spec, commands)}`,
    ...(spec.commands ?? []).map(
      (sub) => `    '${spec.name} ${sub.name}') ${bashCase(sub, commands)}`,
    ),
  ]);
  const nested = commands.filter((spec) => spec.commands).map(({ name }) => name);
  return `${HEAD}
_sshpool() {
${BASH_WORDS}  if ((last > 1)); then path=\${words[1]}; fi
  for ((i = 2; i < last; i++)); do
    case \${words[i]} in
      --) ;;
      ${withValue(commands).join('|')}) ((i++)) ;;
      -*) ;;
      *) if [[ $path == @(${nested.join('|')}) ]]; then path+=" \${words[i]}"; else ((given++)); fi ;;
    esac
  done
  case $path in
    '') arguments='${namesOf([...commands, help])}' options='--help -h --version -V' ;;
${cases.join('\n')}
    *) return ;;
  esac
  ((given < most)) || return
  case $previous in
    ${FILE_OPTIONS.join('|')}) 
      compopt -o filenames 2>/dev/null
      arguments=$(compgen -f -- "$current") ;;
    ${withValue(commands)
      .filter((name) => !FILE_OPTIONS.includes(name))
      .join('|')}) return ;;
    *)
      if [[ $current == -* ]]; then arguments=$options
      elif [[ $arguments == hosts ]]; then arguments=$(${HOSTS})
      elif [[ $arguments == targets ]]; then arguments=$(${TARGETS})
      fi
      arguments=\${arguments// /$'\\n'} ;;
  esac
${BASH_REPLY}complete -F _sshpool sshpool
`;
}

function helpCommand(): CommandSpec {
  return { name: 'help', summary: 'show help', usage: '', options: [], argument: 'command' };
}

/** Escapes text for single quotes in zsh's _arguments, where [ ] and : have a meaning. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}

function zshOption({ name, alias, value, text }: OptionSpec): string {
  const action = FILE_OPTIONS.includes(name) ? '_files' : ' ';
  const takes = value === undefined ? '' : `:${zshText(value)}:${action}`;
  const spec = (each: string): string => `'*${each}[${zshText(text)}]${takes}'`;
  return [name, ...(alias ? [alias] : [])].map(spec).join(' ');
}

const ZSH_ARGUMENT: Readonly<Record<ArgumentKind, string>> = {
  host: '_sshpool_hosts',
  pooled: '_sshpool_targets',
  shell: `(${SHELLS.join(' ')})`,
  level: `(${LOG_LEVELS.join(' ')})`,
  command: '_sshpool_commands',
};

/** The options come only before the first argument, except for warm, where they may be mixed. */
function zshArguments(spec: CommandSpec): string {
  const options = spec.options.map(zshOption).join(' ');
  if (spec.argument === undefined) return `_arguments ${options}`;
  const action = ZSH_ARGUMENT[spec.argument];
  if (most(spec) > 1) return `_arguments ${options} '*:${spec.argument}:${action}'`;
  return `_arguments -A '-*' ${options} '1:${spec.argument}:${action}' '*:: : '`;
}

function zshList(specs: readonly CommandSpec[]): string {
  return specs.map(({ name, summary }) => `'${name}:${zshText(summary)}'`).join(' ');
}

export function zshCompletion(commands: readonly CommandSpec[]): string {
  const help = helpCommand();
  const cases = [...commands, help].map((spec) => {
    if (!spec.commands) return `    ${spec.name}) ${zshArguments(spec)} ;;`;
    return [
      `    ${spec.name})`,
      `      if ((CURRENT == 2)) && [[ $PREFIX == -* ]]; then ${zshArguments({ ...spec, argument: 'shell' })}`,
      `      elif ((CURRENT == 2)); then list=(${zshList(spec.commands)}); _describe command list`,
      '      else',
      '        shift words; ((CURRENT--))',
      '        case $words[1] in',
      ...spec.commands.map((sub) => `          ${sub.name}) ${zshArguments(sub)} ;;`),
      '        esac',
      '      fi ;;',
    ].join('\n');
  });
  return `#compdef sshpool
${HEAD}
_sshpool_hosts() { local expl; _wanted hosts expl host compadd -- \${(f)"$(${HOSTS})"} }
_sshpool_targets() { local expl; _wanted hosts expl target compadd -- \${(f)"$(${TARGETS})"} }
_sshpool_commands() {
  local -a list=(${zshList([...commands, help])})
  _describe command list
}
_sshpool() {
  local -a list
  if ((CURRENT == 2)); then
    if [[ $PREFIX == -* ]]; then _arguments '--help[show this help]' '--version[print the version]'
    else _sshpool_commands; fi
    return
  fi
  shift words; ((CURRENT--))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = "_sshpool" ]; then _sshpool "$@"; else compdef _sshpool sshpool; fi
`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function fishArgument(spec: CommandSpec, commands: readonly CommandSpec[]): string {
  if (spec.argument === 'host') return `(${HOSTS})`;
  if (spec.argument === 'pooled') return `(${TARGETS})`;
  if (spec.argument === 'shell') return SHELLS.join(' ');
  if (spec.argument === 'level') return LOG_LEVELS.join(' ');
  return spec.argument === 'command' ? namesOf(commands) : '';
}

function fishOption(condition: string, { name, alias, value, text }: OptionSpec): string {
  const flags = [name, ...(alias ? [alias] : [])].map((each) =>
    each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`,
  );
  const takes = value === undefined ? '' : FILE_OPTIONS.includes(name) ? ' -r -F' : ' -x';
  return `complete -c sshpool -n ${condition} ${flags.join(' ')}${takes} -d ${fishQuote(text)}`;
}

export function fishCompletion(commands: readonly CommandSpec[]): string {
  const all = [...commands, helpCommand()];
  const nested = commands.filter((spec) => spec.commands).map(({ name }) => name);
  const lines = all.flatMap((spec) => {
    const offer = `complete -c sshpool -n '__sshpool_at 1' -a ${spec.name} -d ${fishQuote(spec.summary)}`;
    return [offer, ...fishCommand(spec, spec.name, commands)];
  });
  return `${HEAD}
# Whether the words so far are the command given, with fewer than so many arguments after it.
function __sshpool_at --argument-names most
    set -l path $argv[2..-1]
    set -l words (commandline -opc)
    set -l found
    set -l given 0
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case ${withValue(commands).join(' ')}
                set -e words[1]
            case '-*'
            case '*'
                if test (count $found) -eq 0; or begin; contains -- "$found" ${nested.join(' ')}; and test (count $found) -eq 1; end
                    set -a found $words[1]
                else
                    set given (math $given + 1)
                end
        end
        set -e words[1]
    end
    test "$found" = "$path"; and test $given -lt $most
end
complete -c sshpool -f
complete -c sshpool -n '__sshpool_at 1' -l help -s h -d 'show help'
complete -c sshpool -n '__sshpool_at 1' -l version -s V -d 'print the version'
${lines.join('\n')}
`;
}

function fishCommand(spec: CommandSpec, path: string, commands: readonly CommandSpec[]): string[] {
  const here = `'__sshpool_at ${most(spec)} ${path}'`;
  const lines = spec.options.map((option) => fishOption(here, option));
  for (const sub of spec.commands ?? []) {
    lines.push(`complete -c sshpool -n ${here} -a ${sub.name} -d ${fishQuote(sub.summary)}`);
    lines.push(...fishCommand(sub, `${path} ${sub.name}`, commands));
  }
  const words = spec.commands ? '' : fishArgument(spec, commands);
  if (words !== '') lines.push(`complete -c sshpool -n ${here} -a ${fishQuote(words)}`);
  return lines;
}
