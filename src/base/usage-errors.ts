/** Every error of a command line: a problem and, where there is one, a hint. All have the code USAGE. */
import { SshpoolError } from './errors.ts';

type Text = string | readonly [problem: string, hint: string | undefined];

const quoted = (text: string): string => JSON.stringify(text);
const form = (syntax: string): string => `the form is: ${syntax}`;

const TABLE = {
  NOT_UTF8: (d: { word: string; syntax?: string }) => [
    `${quoted(d.word)} is not valid UTF-8`,
    d.syntax && form(d.syntax),
  ],
  HOLDS_NUL: (d: { word: string }) => `${quoted(d.word)} holds a NUL`,
  HOLDS_LINE_BREAK: (d: { word: string }) =>
    `an option for ssh holds a line break or a NUL: ${quoted(d.word)}`,
  MISSING: (d: { what: string; syntax: string }) => [`no ${d.what}`, form(d.syntax)],
  TOO_MANY: (d: { word: string; syntax: string }) => [
    `${quoted(d.word)} after HOST`,
    form(d.syntax),
  ],
  BAD_HOST: (d: { host: string; problem: string; hint?: string | undefined }) => [
    `${quoted(d.host)} is not a valid HOST: ${d.problem}`,
    d.hint ?? 'HOST is an alias, a name, USER@HOST or ssh://[USER@]HOST[:PORT]',
  ],

  UNKNOWN_OPTION: (d: { option: string; meant?: string | undefined; syntax?: string }) => [
    `unknown option ${d.option}`,
    didYouMean(d.meant) ?? (d.syntax && form(d.syntax)),
  ],
  OPTION_OF_SSH: (d: { option: string; command: string }) => [
    `${d.option} is not for ${d.command}`,
    'use ssh',
  ],
  TAKES_NO_VALUE: (d: { option: string }) => `option ${d.option} takes no value`,
  NEEDS_VALUE: (d: { option: string }) => `option ${d.option} needs a value`,
  BAD_PORT: (d: { port: string }) => [
    `-p ${quoted(d.port)} is not a port`,
    'a port is a number from 1 to 65535',
  ],
  BAD_ESCAPE: (d: { value: string }) => [
    `-e ${quoted(d.value)} is not an escape character`,
    'write one character, ^ and a letter, or none',
  ],
  BAD_TIMEOUT: (d: { value: string }) => [
    `--timeout ${quoted(d.value)} is not a duration`,
    'write 30s, 500ms, 2m or 1h30m',
  ],
  JSON_AND_TERMINAL: () => ['--json and a terminal do not go together', 'leave out -t'],

  UNKNOWN_COMMAND: (d: { command: string; meant: string | undefined }) => [
    `unknown command ${quoted(d.command)}`,
    didYouMean(d.meant) ?? 'sshpool help lists the commands',
  ],
  NOT_PARSED: (d: { problem: string; meant: string | undefined; help: string }) => [
    d.problem,
    didYouMean(d.meant) ?? `see: ${d.help}`,
  ],
  SHELL_COMMAND: (d: { word: string }) => [
    `${quoted(d.word)} after HOST`,
    'a command is for sshpool exec -t HOST CMD',
  ],
  NO_COMPLETIONS: (d: { shell: string | undefined; shells: readonly string[] }) => [
    d.shell === undefined ? 'no shell' : `no completions for ${d.shell}`,
    `there are: ${d.shells.join(', ')}`,
  ],
  CLOSE_WHAT: () => [
    'close takes either a HOST or --all',
    'the form is: sshpool close HOST, or: sshpool close --all',
  ],
  BAD_LOG_LEVEL: (d: { word: string }) => [
    `${quoted(d.word)} is not a log level`,
    'write info or debug',
  ],
  FOREIGN_CODE: (d: { variable: string }) => [
    `${d.variable} is set, and would stay in the agent`,
    'unset it for agent run',
  ],
  NOT_ONE_PATH: () => 'a stream leads to one PATH of one HOST',
  BAD_SOCKET_PATH: (d: { path: string }) => [
    `${quoted(d.path)} is not a socket of a host`,
    'write an absolute path',
  ],

  NO_ACTION: (d: { examples: readonly string[]; syntax: string }) => [
    `no action, such as ${d.examples.join(', ')}`,
    form(d.syntax),
  ],
  UNKNOWN_ACTION: (d: { action: string; meant: string | undefined; syntax: string }) => [
    `there is no ${quoted(d.action)}`,
    didYouMean(d.meant) ?? form(d.syntax),
  ],
  NOT_FOR_ACTION: (d: { word: string; action: string; syntax: string }) => [
    `${d.word} is not for ${d.action}`,
    form(d.syntax),
  ],
  NEEDS_YES: () => [
    'setup asks before it makes anything, and there is no terminal',
    'look at what it prints, and call it with --yes',
  ],
  NO_PROJECT: () => ['no PROJECT', 'sshpool compose HOST ls lists them'],
} satisfies Record<string, (data: never) => Text>;

type Kind = keyof typeof TABLE;
type DataOf<K extends Kind> =
  Parameters<(typeof TABLE)[K]> extends [infer D] ? D : Record<string, never>;

export function usageError<K extends Kind>(
  kind: K,
  data: DataOf<K>,
  cause?: unknown,
): SshpoolError {
  // Each text takes only its own data; the index loses the type link between K and its data.
  const text = (TABLE[kind] as (data: DataOf<K>) => Text)(data);
  const [problem, hint] = typeof text === 'string' ? [text] : text;
  return SshpoolError.of('USAGE', hint === undefined ? { problem } : { problem, hint }, cause);
}

function didYouMean(word: string | undefined): string | undefined {
  return word && `did you mean ${word}?`;
}
