/** Environment, options that only ssh can handle, messages, and signals. */
import { row, type Row } from '../row.ts';

const SIGNALS = ['INT', 'TERM', 'HUP', 'QUIT'];

/** A call in the background, with process id `$p`: env resets the signals that bash makes it ignore. */
const running = (then: string): string =>
  [
    'env --default-signal=INT,QUIT \\',
    `$SSH box "echo up; until [ -e $DIR/go ]; do sleep 0.02; done; touch $DIR/done; echo out" \\`,
    '> $DIR/output & p=$!',
    'until [ -s $DIR/output ]; do sleep 0.02; done',
    then,
    'cat $DIR/output',
  ].join('\n');

const environmentRows: readonly Row[] = [
  row('a variable of SendEnv', `FIDELITY_A=1 $SSH -o SendEnv=FIDELITY_A box 'echo [$FIDELITY_A]'`),
  row(
    'a variable by a pattern',
    `FIDELITY_B=2 $SSH -o 'SendEnv=FIDELITY_*' box 'echo [$FIDELITY_B]'`,
  ),
  row('a variable without SendEnv', `FIDELITY_A=1 $SSH box 'echo [$FIDELITY_A]'`),
  row(
    'a variable that the server does not accept',
    `OTHER=1 $SSH -o SendEnv=OTHER box 'echo [$OTHER]'`,
  ),
  row('SetEnv', `$SSH -o SetEnv=FIDELITY_A=set box 'echo [$FIDELITY_A]'`),
  row(
    'SetEnv over SendEnv',
    [
      `FIDELITY_A=sent $SSH -o SendEnv=FIDELITY_A -o SetEnv=FIDELITY_A=set box 'echo [$FIDELITY_A]'`,
    ].join(''),
  ),
  row(
    'a pattern that removes a variable',
    [`FIDELITY_A=1 $SSH -o 'SendEnv=FIDELITY_A -FIDELITY_*' box 'echo [$FIDELITY_A]'`].join(''),
  ),
  row('SetEnv of two words', `$SSH -o SetEnv='FIDELITY_A="two  words"' box 'echo "$FIDELITY_A"'`),
  row(
    'an empty variable, and one that is not ASCII',
    `FIDELITY_A= FIDELITY_B=ü $SSH -o 'SendEnv=FIDELITY_*' box 'echo "\${FIDELITY_A-unset}$FIDELITY_B"'`,
  ),
  row('no LANG without SendEnv', `LANG=de_DE.UTF-8 $SSH box 'echo "\${LANG-unset}"'`),
  row('no TERM without a terminal', `TERM=fidelity $SSH box 'echo [$TERM]'`),
];

const delegatedRows: readonly Row[] = [
  row('-V', '$SSH -V'),
  row('-G', '$SSH -G box | sort | grep -v ^controlpath'),
  row('-Q', '$SSH -Q cipher'),
  row(
    '-M, -N, -f and -O',
    [
      '$SSH -M -N -f -S $DIR/master box </dev/null >/dev/null 2>&1',
      '$SSH -O check -S $DIR/master box; $SSH -S $DIR/master box echo hi; $SSH -O exit -S $DIR/master box',
    ].join('\n'),
    { normal: (text) => text.replace(/pid=\d+/, 'pid') },
  ),
  row('-f', `$SSH -f box "touch $DIR/ran" </dev/null >/dev/null 2>&1; await ran; echo it ran`),
  row('-L', `$SSH -L $DIR/socket:127.0.0.1:$PORT box "test -S $DIR/socket && echo forwarded"`),
  row(
    'LocalForward',
    `$SSH -o "LocalForward=$DIR/socket 127.0.0.1:$PORT" box "test -S $DIR/socket && echo forwarded"`,
  ),
  row('-R', `$SSH -R $DIR/remote:127.0.0.1:$PORT box "test -S $DIR/remote && echo forwarded"`),
  row(
    'ClearAllForwardings',
    `$SSH -o ClearAllForwardings=yes -o "LocalForward=$DIR/socket 127.0.0.1:$PORT" box "test -S $DIR/socket || echo none"`,
  ),
  row('-J', '$SSH -J box box-behind echo through'),
  row('-E', '$SSH -E $DIR/log -p 1 box true; grep -c refused $DIR/log'),
];

const wordRows: readonly Row[] = [
  row('no messages with -q', '$SSH -q -p 1 box true'),
  row('no message for a refused subsystem, with -q', '$SSH -q -s box no-such-subsystem'),
  row('no messages with LogLevel QUIET', '$SSH -o LogLevel=QUIET -t box true'),
  row('-T', `$SSH -T box 'tty; echo $?'`),
  row('-t without a local terminal', `$SSH -t box 'tty; echo $?'`),
  row('RequestTTY yes without a terminal', `$SSH -o RequestTTY=yes box 'tty; echo $?'`),
  row('RequestTTY no overruled by -tt', `$SSH -o RequestTTY=no -tt box 'tty >/dev/null; echo $?'`),
  row(
    'RequestTTY force overruled by -T',
    `$SSH -o RequestTTY=force -T box 'tty >/dev/null; echo $?'`,
  ),
  row('-tt without a terminal', `$SSH -tt box 'tty >/dev/null && stty size'`),
  row('RequestTTY force', `$SSH -o RequestTTY=force box 'tty >/dev/null && echo terminal'`),
  row('the terminal modes without a local terminal', `$SSH -tt box 'stty -a'`),
  row('TERM with a terminal', `TERM=fidelity $SSH -tt box 'echo [$TERM]'`),
  row('no TERM at all', `env -u TERM $SSH -tt box 'echo [$TERM]'`),
  row('TERM of SetEnv', `TERM=one $SSH -tt -o SetEnv=TERM=two box 'echo [$TERM]'`),
  row('error output in a terminal', `$SSH -tt box 'echo err >&2' 2>/dev/null`),
  row('input to a terminal out of nothing', `echo hi | $SSH -tt box 'read x; echo "[$x]"'`),
  row('the status of a command in a terminal', `$SSH -tt box 'exit 9'`),
  row('a command in a terminal that a signal ends', `$SSH -tt box 'kill -KILL $$'`),
  row('no closing message with -q', `$SSH -q -tt box true`),
  row(
    'a closing message that names the host name',
    `$SSH -tt -o HostKeyAlias=[127.0.0.1]:$PORT -o HostName=localhost box true`,
  ),
];

const signalRows: readonly Row[] = [
  ...SIGNALS.map((name) =>
    row(
      `SIG${name}, after which the remote command continues`,
      running(
        [`kill -${name} $p; wait $p; echo $?`, 'touch $DIR/go; await done; echo it went on'].join(
          '\n',
        ),
      ),
    ),
  ),
  row(
    'SIGHUP that was ignored before',
    [`trap '' HUP`, running('kill -HUP $p; touch $DIR/go; wait $p; echo $?')].join('\n'),
  ),
  row(
    'SIGKILL, after which the remote command continues',
    running('kill -KILL $p; { wait $p; } 2>/dev/null; touch $DIR/go; await done; echo it went on'),
  ),
  row(
    'SIGSTOP and SIGCONT',
    running('kill -STOP $p; kill -CONT $p; touch $DIR/go; wait $p; echo $?'),
  ),
  row('SIGPIPE', running('kill -PIPE $p; touch $DIR/go; wait $p; echo $?')),
];

/** Uses a new connection, and kills its process on the server; its input stays open. */
const breaking = (cipher: string, option = ''): string =>
  [
    'mkfifo $DIR/input; exec 3<>$DIR/input',
    `$SSH ${option} -o Ciphers=${cipher} box 'kill -KILL $PPID' <&3`,
  ].join('\n');

const lossRows: readonly Row[] = [
  row('a connection that breaks', breaking('aes128-ctr')),
  row('a connection that breaks under a terminal', breaking('aes192-ctr', '-tt')),
];

export const sessionRows: readonly Row[] = [
  ...lossRows,
  ...environmentRows,
  ...delegatedRows,
  ...wordRows,
  ...signalRows,
];
