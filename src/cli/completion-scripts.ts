/** The completion scripts of bash, zsh and fish as text, for any command table. */
import type { OptionSpec } from '../config/options.ts';
import type { ArgumentKind, CommandSpec } from './command-table.ts';
import { SHELLS } from './command-table.ts';

const HEAD = '# Generated from the command table of sshpool: npm run generate';

function spellings(options: readonly OptionSpec[]): string[] {
  return options.flatMap(({ name, alias }) => (alias ? [name, alias] : [name]));
}

function withValue(options: readonly OptionSpec[]): string[] {
  return spellings(options.filter(({ value }) => value !== undefined));
}

/** A shell word list or command that gives the arguments of a kind. */
function source(kind: ArgumentKind | undefined, spec: CommandSpec): string {
  if (kind === 'host') return '$(sshpool completion --hosts 2>/dev/null)';
  if (kind === 'pooled') return '$(sshpool completion --targets 2>/dev/null)';
  if (kind === 'shell') return SHELLS.join(' ');
  return (spec.commands ?? []).map(({ name }) => name).join(' ');
}

export function bashCompletion(commands: readonly CommandSpec[]): string {
  const cases = commands.map((spec) => {
    const sub = (spec.commands ?? []).map(
      ({ name, options }) => `        ${name}) options='${spellings(options).join(' ')}' ;;`,
    );
    const nested = sub.length === 0 ? [] : ['      case ${words[2]} in', ...sub, '      esac'];
    return [
      `    ${spec.name})`,
      `      options='${spellings(spec.options).join(' ')}'`,
      `      values='${withValue(spec.options).join(' ')}'`,
      `      arguments="${source(spec.argument, spec)}"`,
      ...nested,
      '      ;;',
    ].join('\n');
  });
  return `${HEAD}
_sshpool() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local words=("\${COMP_WORDS[@]}") options= values= arguments= word i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${commandWords(commands)}' -- "$current")
    return
  fi
  case \${words[1]} in
${cases.join('\n')}
    help) arguments='${commands.map(({ name }) => name).join(' ')}' ;;
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
  if [[ \${words[1]} == exec ]]; then
    for ((i = 2; i < COMP_CWORD; i++)); do
      word=\${words[i]}
      if [[ " $values " == *" $word "* ]]; then ((i++)); continue; fi
      [[ $word == -* ]] || return
    done
  fi
  mapfile -t COMPREPLY < <(compgen -W "$arguments" -- "$current")
}
complete -F _sshpool sshpool
`;
}

function commandWords(commands: readonly CommandSpec[]): string {
  return [...commands.map(({ name }) => name), 'help', '--help', '--version'].join(' ');
}

/** Quoted for single quotes in zsh's _arguments, where [ ] and : have a meaning. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}

function zshOption({ name, alias, value, text }: OptionSpec): string {
  const action = name === '-F' || name === '-i' ? '_files' : ' ';
  const takes = value === undefined ? '' : `:${zshText(value)}:${action}`;
  const spec = (each: string): string => `'*${each}[${zshText(text)}]${takes}'`;
  return [name, ...(alias ? [alias] : [])].map(spec).join(' ');
}

const ZSH_ARGUMENT: Readonly<Record<ArgumentKind, string>> = {
  host: '_sshpool_hosts',
  pooled: '_sshpool_targets',
  shell: `(${SHELLS.join(' ')})`,
  command: '_sshpool_commands',
};

export function zshCompletion(commands: readonly CommandSpec[]): string {
  const describe = (specs: readonly CommandSpec[]): string =>
    specs.map(({ name, summary }) => `'${name}:${zshText(summary)}'`).join(' ');
  const cases = commands.map((spec) => {
    const options = spec.options.map(zshOption).join(' ');
    if (spec.commands) {
      const nested = spec.commands.map(
        (sub) => `        ${sub.name}) _arguments ${sub.options.map(zshOption).join(' ')} ;;`,
      );
      return [
        `    ${spec.name})`,
        `      if ((CURRENT == 2)); then list=(${describe(spec.commands)}); _describe command list; return; fi`,
        '      shift words; ((CURRENT--))',
        '      case $words[1] in',
        ...nested,
        '      esac ;;',
      ].join('\n');
    }
    const argument = spec.argument ? ZSH_ARGUMENT[spec.argument] : ' ';
    const many = spec.name === 'warm' ? `'*:host:${argument}'` : `'1:${spec.argument}:${argument}'`;
    return `    ${spec.name}) _arguments ${options} ${many} ;;`;
  });
  return `#compdef sshpool
${HEAD}
_sshpool_hosts() { compadd -- \${(f)"$(sshpool completion --hosts 2>/dev/null)"} }
_sshpool_targets() { compadd -- \${(f)"$(sshpool completion --targets 2>/dev/null)"} }
_sshpool() {
  local -a list
  if ((CURRENT == 2)); then
    list=(${describe(commands)} 'help:show help')
    _describe command list
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

const FISH_ARGUMENT: Readonly<Record<ArgumentKind, string>> = {
  host: '(sshpool completion --hosts 2>/dev/null)',
  pooled: '(sshpool completion --targets 2>/dev/null)',
  shell: SHELLS.join(' '),
  command: '',
};

function fishOption(condition: string, { name, alias, value, text }: OptionSpec): string {
  const flags = [name, ...(alias ? [alias] : [])].map((each) =>
    each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`,
  );
  const takes = value === undefined ? '' : name === '-F' || name === '-i' ? ' -r -F' : ' -x';
  return `complete -c sshpool -n ${condition} ${flags.join(' ')}${takes} -d ${fishQuote(text)}`;
}

export function fishCompletion(commands: readonly CommandSpec[]): string {
  const lines = [HEAD, 'complete -c sshpool -f'];
  const first = '__fish_use_subcommand';
  for (const spec of [...commands, { name: 'help', summary: 'show help', options: [] }]) {
    lines.push(`complete -c sshpool -n ${first} -a ${spec.name} -d ${fishQuote(spec.summary)}`);
  }
  for (const spec of commands) lines.push(...fishCommand(spec));
  return `${lines.join('\n')}\n`;
}

function fishCommand(spec: CommandSpec): string[] {
  const here = `'__fish_seen_subcommand_from ${spec.name}'`;
  const subs = spec.commands ?? [];
  const names = subs.map(({ name }) => name).join(' ');
  const lines = spec.options.map((option) => fishOption(here, option));
  for (const { name, summary, options } of subs) {
    const none = `'__fish_seen_subcommand_from ${spec.name}; and not __fish_seen_subcommand_from ${names}'`;
    lines.push(`complete -c sshpool -n ${none} -a ${name} -d ${fishQuote(summary)}`);
    const inside = `'__fish_seen_subcommand_from ${spec.name}; and __fish_seen_subcommand_from ${name}'`;
    lines.push(...options.map((option) => fishOption(inside, option)));
  }
  const words = spec.argument ? FISH_ARGUMENT[spec.argument] : '';
  if (words !== '') lines.push(`complete -c sshpool -n ${here} -a ${fishQuote(words)}`);
  return lines;
}
