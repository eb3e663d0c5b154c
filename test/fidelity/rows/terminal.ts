/** A call in a terminal: what it shows, what is typed there, and how it is left behind. */
import { alive, parentOf, signal, until } from '../../support/process.ts';
import { haveTerminals } from '../../support/terminal.ts';
import type { Caller, CallOptions } from '../caller.ts';
import type { Row } from '../row.ts';

const skip = haveTerminals() ? undefined : 'there is no script(1)';

type Turn = readonly [shown: string, typed: string];

/** The whole screen is compared, and whether the terminal is itself again. */
const typed = (
  name: string,
  args: readonly string[],
  turns: readonly Turn[] = [],
  options: CallOptions = {},
): Row => ({
  name,
  skip,
  act: async (caller) => {
    const screen = caller.terminal(args, options);
    await screen.dialogue(...turns);
    return screen.end();
  },
});

/** Ends a call that sleeps in a terminal; a hangup then ends the remote command. */
const ended = (
  name: string,
  args: readonly string[],
  end: (call: Ended) => Promise<void>,
): Row => ({
  name,
  skip,
  act: async (caller) => {
    const screen = caller.terminal([
      ...args,
      'box',
      'echo $$ >{dir}/remote; echo begun; exec sleep 600',
    ]);
    await screen.terminal.shows('begun');
    const remote = await caller.number('remote');
    await end({ caller, screen, remote });
    const facts = await screen.end();
    await until(() => !alive(remote), 'the remote command ends');
    return facts;
  },
});

interface Ended {
  readonly caller: Caller;
  readonly screen: ReturnType<Caller['terminal']>;
  readonly remote: number;
}

export const terminalRows: readonly Row[] = [
  typed('-t gives a terminal, and says good-bye', ['-t', 'box', 'tty; exit 3']),
  typed('a command has no terminal without -t', ['box', 'tty; echo err >&2']),
  typed('RequestTTY yes gives one', ['-o', 'RequestTTY=yes', 'box', 'tty']),
  typed('-T gives none', ['-o', 'RequestTTY=yes', '-T', 'box', 'tty']),
  typed('-t says nothing at the end with -q', ['-q', '-t', 'box', 'tty']),
  typed('the remote terminal has the size of the local one', ['-t', 'box', 'stty size'], [], {
    shell: 'stty rows 33 cols 101; "$@"',
  }),
  typed('the remote terminal has the modes of the local one', ['-t', 'box', 'stty -a'], [], {
    shell: 'stty intr ^B -echoctl -ixon ixany iutf8 eol ^G; "$@"',
  }),
  typed('TERM is that of the caller', ['-t', 'box', 'echo $TERM'], [], {
    env: { TERM: 'fid-term' },
  }),
  typed(
    'what is typed is echoed by the remote terminal alone',
    ['-t', 'box', 'echo begun; read x; echo got $x'],
    [['begun', 'hello\r']],
  ),
  typed(
    'what is typed is not shown where the remote has its echo off',
    ['-t', 'box', 'stty -echo; echo begun; read x; stty echo; echo got $x'],
    [['begun', 'secret\r']],
  ),
  typed(
    'a ^C is a byte that interrupts the remote command',
    [...['-t', 'box', `trap 'echo trapped; exit 3' INT; echo begun; sleep 600`]],
    [['begun', '\u0003']],
  ),
  typed(
    'a ^C ends a remote command, with its status',
    ['-t', 'box', 'echo begun; exec sleep 600'],
    [['begun', '\u0003']],
  ),
  typed(
    'a ^D is the end of input',
    ['-t', 'box', 'echo begun; cat; echo end'],
    [
      ['begun', 'line\r'],
      ['line\r\nline', '\u0004'],
    ],
  ),
  typed(
    'a ^Z is a byte, and not for the caller',
    ['-t', 'box', 'stty -isig; echo begun; head -c 1 | od -An -tx1; stty isig'],
    [['begun', '\u001A\r']],
  ),
  typed(
    'no command is a login shell with a terminal',
    ['box'],
    [
      ['prompt: ', `stty -echo; echo beg""un\r`],
      ['begun', 'tty; echo $SSH_TTY $((6*7))\r'],
      ['42', 'exit 5\r'],
    ],
  ),
  typed('standard output may be a file', ['-t', 'box', 'tty; echo err >&2'], [], {
    shell: '"$@" >out; cat out',
  }),
  typed('standard error may be a file', ['-t', 'box', 'tty; echo err >&2'], [], {
    shell: '"$@" 2>err; cat err',
  }),
  typed('standard input from a pipe gives no terminal', ['-t', 'box', 'cat; tty'], [], {
    shell: 'echo x | "$@"',
  }),
  typed(
    '-tt with input from a pipe takes no modes of a terminal',
    ['-tt', 'box', 'stty size'],
    [],
    {
      shell: 'echo x | "$@"',
    },
  ),
  typed(
    'a command without a terminal reads a line as the local one gives it',
    ['box', 'echo begun; head -n 1'],
    [['begun', 'one\r']],
  ),
  typed(
    '-n leaves what is typed to the next program',
    ['-n', 'box', 'echo begun; cat'],
    [['begun', 'line\r']],
    { shell: '"$@"; head -n 1' },
  ),
  {
    name: 'the remote is told when the size changes',
    skip,
    act: async (caller) => {
      const screen = caller.terminal([
        '-t',
        'box',
        `trap 'size=$(stty size)' WINCH; echo begun
until [ "$size" = '44 99' ]; do sleep 0.01; done; exit 3`,
      ]);
      await screen.terminal.shows('begun');
      screen.terminal.resize(99, 44);
      return screen.end();
    },
  },
  {
    name: 'a ^C of the local terminal ends a call without a terminal, and the command goes on',
    skip,
    act: async (caller) => {
      const screen = caller.terminal(['box', 'echo $$ >{dir}/remote; echo begun; exec sleep 600'], {
        shell: 'trap : INT; "$@"',
      });
      await screen.dialogue(['begun', '\u0003']);
      const facts = await screen.end();
      const remote = await caller.number('remote');
      const left = alive(remote);
      signal(remote, 'SIGKILL');
      return { ...facts, left };
    },
  },
  ended('SIGTERM ends a call with a terminal, which is itself again', ['-t'], ({ screen }) =>
    screen.signal('SIGTERM'),
  ),
  ended('SIGHUP ends a call with a terminal, which is itself again', ['-t'], ({ screen }) =>
    screen.signal('SIGHUP'),
  ),
  ended('a remote shell that is killed leaves the terminal as it was', ['-t'], async ({ remote }) =>
    signal(remote, 'SIGKILL'),
  ),
  ended(
    'a connection that breaks leaves the terminal as it was',
    ['-t', '-o', 'Ciphers=aes256-ctr'],
    // The parent of the remote shell is the server's end of the connection.
    async ({ remote }) => signal(parentOf(remote), 'SIGKILL'),
  ),
  {
    name: 'a closed terminal ends the call and the remote command',
    skip,
    act: async (caller) => {
      const screen = caller.terminal([
        '-t',
        'box',
        'echo $$ >{dir}/remote; echo begun; exec sleep 600',
      ]);
      await screen.terminal.shows('begun');
      const remote = await caller.number('remote');
      screen.terminal.hangUp();
      await until(() => !alive(remote), 'the remote command ends');
      return {};
    },
  },
];

export const escapeRows: readonly Row[] = [
  ended('~. ends the call', ['-t'], async ({ screen }) => screen.terminal.type('\r~.')),
  ended('~. is recognised at the very beginning', ['-t'], async ({ screen }) =>
    screen.terminal.type('~.'),
  ),
  ended('-e makes another character the escape', ['-t', '-e', '^A'], async ({ screen }) =>
    screen.terminal.type('\r\u0001.'),
  ),
  ended(
    'EscapeChar makes another character the escape',
    ['-t', '-o', 'EscapeChar=%'],
    async ({ screen }) => screen.terminal.type('\r%.'),
  ),
  typed('~~ is one ~', ['-t', 'box', 'echo begun; read x; echo "got [$x]"'], [['begun', '~~x\r']]),
  typed(
    '~ before another character is no escape',
    ['-t', 'box', 'echo begun; read x; echo "got [$x]"'],
    [['begun', '~x\r']],
  ),
  typed(
    '~. within a line is no escape',
    ['-t', 'box', 'echo begun; read x; echo "got [$x]"'],
    [['begun', 'a~.\r']],
  ),
  typed(
    '-e none has no escapes',
    ['-t', '-e', 'none', 'box', 'echo begun; read x; echo "got [$x]"'],
    [['begun', '~.\r']],
  ),
  typed(
    '~. is no escape without a terminal',
    ['box', 'echo begun; head -n 1'],
    [['begun', '~.\r']],
  ),
  {
    name: '~? lists the escapes',
    skip,
    act: async (caller) => {
      const screen = caller.terminal(['-t', 'box', 'echo begun; read x; echo got $x']);
      await screen.dialogue(['begun', '~?'], ['escape', 'x\r']);
      const { screen: shown, restored } = await screen.end();
      const listed = ['~.', '~?', '~~'].map((escape) => String(shown).includes(` ${escape} `));
      return { listed, restored };
    },
  },
];
