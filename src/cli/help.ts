/** Help texts, generated from the command table. */
import { FALLBACK, VARIABLES } from '../config/settings/settings.ts';
import { COMMANDS, type CommandSpec } from './command-table.ts';

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

export function generalHelp(): string {
  return [
    'Usage: sshpool COMMAND [ARG...]',
    '',
    'Runs commands on remote machines over warm ssh connections.',
    '',
    'Commands:',
    ...columns([
      ...COMMANDS.map(({ name, summary }): [string, string] => [name, summary]),
      ['help', 'show this, or with a COMMAND the help for it'],
    ]),
    '',
    'Options:',
    ...columns([
      ['-h, --help', 'show this help'],
      ['-V, --version', 'print the version'],
    ]),
    '',
    'Environment (read when the agent starts):',
    ...columns([...VARIABLES, FALLBACK].map(({ name, default: value }) => [name, String(value)])),
    ...columns([['SSH_POOL_RUNTIME_DIR', 'where socket and log are']]),
    '',
  ].join('\n');
}

/** `path` is the words of the command's name. */
export function commandHelp(path: readonly string[], spec: CommandSpec): string {
  const options = spec.options.map(({ name, alias, value, text }): [string, string] => [
    [alias, name].filter(Boolean).join(', ') + (value ? ` ${value}` : ''),
    text,
  ]);
  const commands = spec.commands?.map(({ name, summary }): [string, string] => [name, summary]);
  return [
    `Usage: ${['sshpool', ...path, spec.usage].join(' ').trim()}`,
    '',
    `${spec.summary.charAt(0).toUpperCase()}${spec.summary.slice(1)}.`,
    ...(commands ? ['', 'Commands:', ...columns(commands)] : []),
    '',
    'Options:',
    ...columns(options),
    ...(spec.notes ? ['', ...spec.notes] : []),
    '',
  ].join('\n');
}
