/** sshpool(1) in mdoc(7), from the command table and the settings. */
import type { OptionSpec } from '../config/command-line/options.ts';
import { FALLBACK, VARIABLES } from '../config/settings/settings.ts';
import { COMMANDS, type CommandSpec } from './command-table.ts';

/** Of the last change that a reader of the page would notice. */
const DATE = 'December 2, 2026';

const LINE_BYTES = 80;

/** Text in which mdoc sees no escapes. */
const text = (words: string): string =>
  words
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll('~', String.raw`\(ti`)
    .replaceAll('^', String.raw`\(ha`);

/** Lines of text, none of which mdoc takes for a request. A new sentence begins on a new line, as mdoc wants it. */
const sentences = (words: string): string[] =>
  words
    .split(/(?<=[.:]) (?=[A-Z])/)
    .flatMap((sentence) => wrapped(text(sentence)))
    .map((line) => (/^[.']/.test(line) ? String.raw`\&${line}` : line));

function wrapped(words: string): string[] {
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length >= LINE_BYTES) lines.push(word);
    else lines.splice(-1, 1, `${last} ${word}`);
  }
  return lines;
}

const asSentence = (words: string): string =>
  `${words.charAt(0).toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`;

/** An argument of a macro: what could be punctuation or a macro's name is not. */
const argument = (word: string): string => String.raw`\&${text(word)}`;

const list = (items: readonly string[]): string[] =>
  items.length === 0 ? [] : ['.Bl -tag -width Ds', ...items, '.El'];

function option({ name, alias, value, text: meaning }: OptionSpec): string[] {
  const flags = [alias, name]
    .filter((spelling) => spelling !== undefined)
    .map((spelling) => `Fl ${argument(spelling.slice(1))}`);
  const given = value === undefined ? '' : ` Ar ${argument(value)}`;
  return [`.It ${flags.join(' , ')}${given}`, ...sentences(asSentence(meaning))];
}

function command(path: readonly string[], spec: CommandSpec): string[] {
  const words = [...path, spec.name];
  // The help of a command is the same in each, and needs no line.
  const options = spec.options.filter(({ name }) => name !== '--help');
  return [
    `.It Cm ${words.join(' ')}${spec.usage === '' ? '' : ` Ar ${argument(spec.usage).replaceAll(' ', String.raw`\ `)}`}`,
    ...sentences(asSentence(spec.summary)),
    ...notes(spec.notes ?? []),
    ...list(options.flatMap(option)),
    ...list((spec.commands ?? []).flatMap((each) => command(words, each))),
  ];
}

const isExample = (line: string): boolean => /^\w+: +sshpool /.test(line);

/** Notes that are commands to type stay lines of their own. */
function notes(lines: readonly string[]): string[] {
  const prose = lines.filter((line) => !isExample(line));
  const examples = lines.filter(isExample).map((line) => `.Dl ${text(line)}`);
  return [
    ...(prose.length > 0 ? ['.Pp', ...sentences(prose.join(' '))] : []),
    ...(examples.length > 0 ? ['.Pp', ...examples] : []),
  ];
}

const SETTINGS = [...VARIABLES, FALLBACK].flatMap(
  ({ name, default: usual, expected, meaning }): string[] => [
    `.It Ev ${name}`,
    ...sentences(asSentence(meaning)),
    ...sentences(`${asSentence(expected).slice(0, -1)}; ${String(usual)} by default.`),
  ],
);

const HEAD = String.raw`.\" Generated from src/cli by npm run generate: change it there.
.Dd ${DATE}
.Dt SSHPOOL 1
.Os
.Sh NAME
.Nm sshpool
.Nd ssh over a pool of warm connections
.Sh SYNOPSIS
.Nm
.Cm exec
.Op Ar options
.Ar host
.Op Fl \&\-
.Ar command
.Nm
.Cm ssh
.Op Ar ssh options
.Ar host
.Op Ar command
.Nm
.Ar command
.Op Ar argument ...
.Sh DESCRIPTION
.Nm
runs commands on remote machines as
.Xr ssh 1
does, over connections that stay open.
The first call starts an agent in the background, one for each user, which
holds the connections of later calls.
Hosts, users, keys and all else come from the files of
.Xr ssh 1 ,
whose installed program
.Nm
asks for its configuration.
Called as
.Nm ssh
or
.Nm sshpool\-ssh ,
it takes the arguments of
.Xr ssh 1 .
.Sh COMMANDS
.Fl h
shows the help of each.`;

const TAIL = String.raw`.Sh FILES
.Bl -tag -width Ds
.It Pa \(ti/.ssh/config
What
.Xr ssh 1
reads, and so
.Nm .
.It Pa $XDG_RUNTIME_DIR/sshpool , Pa /tmp/sshpool\-UID
The agent's socket and log.
.It Pa $XDG_STATE_HOME/sshpool , Pa \(ti/.local/state/sshpool
What was learned of servers, and the list of what
.Cm setup
has made.
.El
.Sh EXIT STATUS
.Nm
exits with the status of the remote command.
It exits with 255 if the host cannot be reached or the connection is lost,
with 2 for wrong usage, with 124 after
.Fl \-timeout ,
and
.Cm exec
with 128+n if signal n ended the command.
.Sh EXAMPLES
Run a command:
.Pp
.Dl $ sshpool exec web1 \-\- docker compose ps
.Pp
Let git, rsync and other programs use the pool:
.Pp
.Dl $ sshpool wrap git fetch
.Dl $ GIT_SSH=sshpool\-ssh git fetch
.Dl $ rsync \-e sshpool\-ssh file web1:
.Pp
See what the pool does, and end it for a host:
.Pp
.Dl $ sshpool stats
.Dl $ sshpool close web1
.Sh SEE ALSO
.Xr scp 1 ,
.Xr sftp 1 ,
.Xr ssh 1 ,
.Xr ssh_config 5
`;

export function manPage(): string {
  return [
    HEAD,
    ...list(COMMANDS.flatMap((each) => command([], each))),
    '.Sh ENVIRONMENT',
    'The agent reads these when it starts:',
    ...list(SETTINGS),
    TAIL,
  ].join('\n');
}
