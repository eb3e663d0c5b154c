/** Calls in a terminal. Each script sets the size, because script(1) in a pipe has none. */
import { row, type Row } from '../row.ts';

const SIZE = 'stty rows 33 cols 101';
/** Prints whether the terminal modes are restored. */
const restored = (command: string): string =>
  [
    SIZE,
    'before=$(stty -g)',
    command,
    'status=$?',
    '[ "$(stty -g)" = "$before" ] && echo restored',
    'exit $status',
  ].join('\n');

/** A remote command that prints `ready`, and then waits. */
const WAITING = `'echo ready; while :; do sleep 0.05; done'`;

const terminal = (name: string, script: string, typed: Row['typed'] = [], more = {}): Row =>
  row(`in a terminal: ${name}`, script, { typed, ...more });

export const terminalRows: readonly Row[] = [
  terminal('a command gets none by default', `$SSH box 'tty'`),
  terminal('-t', `${SIZE}; $SSH -t box 'tty >/dev/null && echo terminal'`),
  terminal(
    'RequestTTY yes',
    `${SIZE}; $SSH -o RequestTTY=yes box 'tty >/dev/null && echo terminal'`,
  ),
  terminal('RequestTTY no', `$SSH -o RequestTTY=no box tty`),
  terminal('RequestTTY auto', `$SSH -o RequestTTY=auto box tty`),
  terminal('-n prevents it', `$SSH -n -t box tty`),
  terminal('its size', `${SIZE}; $SSH -t box 'stty size'`),
  terminal('its modes', `${SIZE}; $SSH -t box 'stty -a'`),
  terminal(
    'changed modes',
    `${SIZE}; stty intr ^X -ixon erase ^H -echoctl eol M-a; $SSH -t box 'stty -a'`,
  ),
  ...['erase undef -imaxbel iutf8 cs7 parenb', 'ispeed 1200 ospeed 19200 start M-^?'].map((modes) =>
    terminal(`rare modes, stty ${modes}`, `${SIZE}; stty ${modes}; $SSH -t box 'stty -a'`),
  ),
  terminal('TERM', `${SIZE}; TERM=vt220 $SSH -t box 'echo $TERM'`),
  terminal(
    'a change of its size',
    [
      SIZE,
      // One change, so that there is no intermediate size.
      '(await up; stty cols 120 </dev/tty) &',
      `$SSH -t box "trap 'stty size; exit 0' WINCH; touch $DIR/up; while :; do sleep 0.05; done"`,
    ].join('\n'),
  ),
  terminal(
    'Ctrl-C goes to the remote',
    `${SIZE}; $SSH -t box 'trap "echo caught; exit 7" INT; echo ready; while :; do read x; done'`,
    [['ready', '\u0003']],
  ),
  terminal('Ctrl-D goes to the remote', `${SIZE}; $SSH -t box 'echo ready; cat; echo end'`, [
    ['ready', 'one\r'],
    ['one\r\none', '\u0004'],
  ]),
  terminal(
    'Ctrl-\\ goes to the remote',
    `${SIZE}; $SSH -t box 'trap "echo caught; exit 8" QUIT; echo ready; while :; do read x; done'`,
    [['ready', '\u001c']],
  ),
  terminal(
    'the remote echoes what is typed',
    `${SIZE}; $SSH -t box 'echo ready; read x; echo "[$x]"'`,
    [['ready', 'typed\r']],
  ),
  terminal(
    'the remote does not echo a password',
    `${SIZE}; $SSH -t box 'stty -echo; echo ready; read x; stty echo; echo "[$x]"'`,
    [['ready', 'secret\r']],
  ),
  terminal(
    "its output is the remote terminal's",
    `${SIZE}; $SSH -t box 'printf "a\\nb\\r\\n\\tc\\033[1m"'`,
  ),
  terminal('a shell', `${SIZE}; $SSH box`, [['$ ', 'exit 3\r']], { normal: shellText }),
  terminal('restored after a normal end', restored(`$SSH -t box true`)),
  terminal('restored after a failure', restored(`$SSH -t box 'exit 5'`)),
  terminal(
    'restored after a signal to the remote command',
    restored(`$SSH -t box 'kill -KILL $$'`),
  ),
  terminal(
    'restored after a connection that breaks',
    restored(`$SSH -t -o Ciphers=aes256-ctr box 'kill -KILL $PPID'`),
  ),
  terminal(
    'Ctrl-C without a remote terminal ends the call alone',
    [
      'trap : INT',
      `$SSH box "echo ready; until [ -e $DIR/go ]; do sleep 0.02; done; touch $DIR/done"`,
      'echo $?; touch $DIR/go; await done; echo it went on',
    ].join('\n'),
    [['ready', '\u0003']],
  ),
  terminal(
    'what is typed during -n is for the next program',
    `$SSH -n box 'echo ready; cat'; head -n 1`,
    [['ready', 'line\r']],
  ),
  terminal('output to a file', `$SSH -t box 'tty >/dev/null; echo $?' > $DIR/out; cat $DIR/out`),
  terminal('restored after ~.', restored(`$SSH -t box ${WAITING}`), [['ready', '~.']]),
  terminal(
    'restored after SIGTERM',
    restored(
      [
        `$SSH -t box ${WAITING} </dev/tty >$DIR/output & p=$!`,
        'until [ -s $DIR/output ]; do sleep 0.02; done',
        'kill -TERM $p; wait $p',
      ].join('\n'),
    ),
    [],
    // OpenSSH 10 prints this also if a signal ends it.
    { normal: (text: string) => text.replace(/^Connection to \S+ closed\.\r+\n/m, '') },
  ),
  terminal(
    '~. only at the start of a line',
    `${SIZE}; $SSH -t box 'echo ready; read x; echo "[$x]"'`,
    [['ready', 'x~.\r']],
  ),
  terminal(
    '~. after a new line',
    `${SIZE}; $SSH -t box 'echo ready; read x; echo "[$x]"; while :; do sleep 0.05; done'`,
    [
      ['ready', 'x\r'],
      ['[x]', '~.'],
    ],
  ),
  terminal('~~ is one ~', `${SIZE}; $SSH -t box 'echo ready; read x; echo "[$x]"'`, [
    ['ready', '~~.\r'],
  ]),
  terminal(
    '~ before another character is sent',
    `${SIZE}; $SSH -t box 'echo ready; read x; echo "[$x]"'`,
    [['ready', '~x\r']],
  ),
  terminal(
    '~? lists escapes',
    `${SIZE}; $SSH -t box 'echo ready; read x; echo "[$x]"'`,
    [
      ['ready', '~?'],
      ['newline.)', 'x\r'],
    ],
    { normal: escapeList },
  ),
  terminal('-e none', `${SIZE}; $SSH -e none -t box 'echo ready; read x; echo "[$x]"'`, [
    ['ready', '~.\r'],
  ]),
  terminal('another character of -e', `${SIZE}; $SSH -e % -t box ${WAITING}`, [['ready', '%.']]),
  terminal('a control character of -e', `${SIZE}; $SSH -e ^X -t box ${WAITING}`, [
    ['ready', '\u0018.'],
  ]),
  terminal('EscapeChar', `${SIZE}; $SSH -o EscapeChar=+ -t box ${WAITING}`, [['ready', '+.']]),
  terminal('an invalid escape character of -e', `$SSH -e abc -t box true`),
  terminal('output to a pipe', `${SIZE}; $SSH -t box 'stty size; echo out' | tr a-z A-Z`, [], {
    normal: sorted,
  }),
  terminal('no closing message with -q', `${SIZE}; $SSH -q -t box 'echo hi'`),
  terminal(
    'no closing message with LogLevel ERROR',
    `${SIZE}; $SSH -o LogLevel=ERROR -t box 'echo hi'`,
  ),
];

/** Two programs write in an undefined order. */
function sorted(text: string): string {
  return text
    .split(/[\r\n]+/)
    .filter(Boolean)
    .toSorted()
    .join('\n');
}

/** A prompt names the machine and the directory; a first login prints a greeting. */
function shellText(text: string): string {
  return text.slice(text.indexOf('exit 3'));
}

/** sshpool has fewer escapes than ssh: only the existence of the list and the later output are compared. */
function escapeList(text: string): string {
  return text.replace(/ ~\..*? ~\?[^\n]*\n/s, 'ESCAPES\n');
}
