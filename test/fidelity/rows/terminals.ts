/** What happens in a terminal. Each script sees to its size, of which script(1) in a pipe has none. */
import { row, type Row } from '../row.ts';

const SIZE = 'stty rows 33 cols 101';
/** Whether the terminal is as it was before. */
const restored = (command: string): string =>
  [
    SIZE,
    'before=$(stty -g)',
    command,
    'status=$?',
    '[ "$(stty -g)" = "$before" ] && echo restored',
    'exit $status',
  ].join('\n');

/** A remote command that says when it is there, and then waits. */
const WAITING = `'echo ready; while :; do sleep 0.05; done'`;

const terminal = (name: string, script: string, typed: Row['typed'] = [], more = {}): Row =>
  row(`in a terminal: ${name}`, script, { typed, ...more });

export const terminalRows: readonly Row[] = [
  terminal('a command has none unasked', `$SSH box 'tty'`),
  terminal('-t', `${SIZE}; $SSH -t box 'tty >/dev/null && echo terminal'`),
  terminal(
    'RequestTTY yes',
    `${SIZE}; $SSH -o RequestTTY=yes box 'tty >/dev/null && echo terminal'`,
  ),
  terminal('RequestTTY no', `$SSH -o RequestTTY=no box tty`),
  terminal('RequestTTY auto', `$SSH -o RequestTTY=auto box tty`),
  terminal('-n keeps it away', `$SSH -n -t box tty`),
  terminal('its size', `${SIZE}; $SSH -t box 'stty size'`),
  terminal('its modes', `${SIZE}; $SSH -t box 'stty -a'`),
  terminal(
    'modes that somebody changed',
    `${SIZE}; stty intr ^X -ixon erase ^H -echoctl eol M-a; $SSH -t box 'stty -a'`,
  ),
  terminal('TERM', `${SIZE}; TERM=vt220 $SSH -t box 'echo $TERM'`),
  terminal(
    'its size as it changes',
    [
      SIZE,
      // One change, so that no size in between can be seen.
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
  terminal('restored after the end', restored(`$SSH -t box true`)),
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
    // OpenSSH 10 says this also where it is ended by a signal.
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
    '~ before anything else is itself',
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
  terminal('a character of -e that is none', `$SSH -e abc -t box true`),
  terminal('output to a pipe', `${SIZE}; $SSH -t box 'stty size; echo out' | tr a-z A-Z`, [], {
    normal: sorted,
  }),
  terminal('no farewell with -q', `${SIZE}; $SSH -q -t box 'echo hi'`),
  terminal('no farewell with LogLevel ERROR', `${SIZE}; $SSH -o LogLevel=ERROR -t box 'echo hi'`),
];

/** Two programs write, each when it comes to it. */
function sorted(text: string): string {
  return text
    .split(/[\r\n]+/)
    .filter(Boolean)
    .toSorted()
    .join('\n');
}

/** A prompt names the machine and the directory; a first shell greets. */
function shellText(text: string): string {
  return text.slice(text.indexOf('exit 3'));
}

/** We have fewer than ssh: what is compared is that they are listed, and what comes after. */
function escapeList(text: string): string {
  return text.replace(/ ~\..*? ~\?[^\n]*\n/s, 'ESCAPES\n');
}
