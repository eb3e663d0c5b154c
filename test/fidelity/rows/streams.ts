/** Standard streams: complete, closed, full, not read, and held open by background processes. */
import { row, type Row } from '../row.ts';

/** Prints whether a command took at least `ms` milliseconds. */
const timed = (command: string, ms: number): string =>
  [
    'from=$(date +%s%N)',
    command,
    'status=$?',
    `[ $(( ($(date +%s%N) - from) / 1000000 )) -ge ${ms} ] && echo waited || echo did not wait`,
    'exit $status',
  ].join('\n');

export const streamRows: readonly Row[] = [
  row('input up to end of file', `echo hi | $SSH box cat`),
  row('output after the end of input', `printf abc | $SSH box 'cat; echo; echo more'`),
  row('5 MB of input', `head -c 5000000 /dev/zero | tr '\\0' x | $SSH box cksum`),
  row('5 MB of output', `$SSH box 'head -c 5000000 /dev/zero | tr "\\0" "\\377"' | cksum`),
  row('5 MB both ways', `head -c 5000000 /dev/zero | $SSH box cat | cksum`),
  row(
    'input that is never read',
    'head -c 9000000 /dev/zero | $SSH box true; echo ${PIPESTATUS[@]}',
  ),
  row('input that is read to its first line', `seq 5 | $SSH box 'read x; echo "[$x]"'`),
  row('no input with -n', 'echo hi | $SSH -n box cat'),
  row('no input with StdinNull', 'echo hi | $SSH -o StdinNull=yes box cat'),
  row('input that is closed', `$SSH box 'cat; echo end' <&-`),
  row('input from /dev/null', `$SSH box 'cat; echo end' </dev/null`),
  row('input from a file', `seq 3 > $DIR/file; $SSH box cat < $DIR/file`),
  row('input that is a directory', `$SSH box 'cat; echo end' < $DIR`),
  row('input from a process substitution', `$SSH box 'cat; echo end' < <(true)`),
  row(
    'a loop whose input the first call takes',
    ['printf "a\\nb\\nc\\n" | while read line; do $SSH box "sleep 0.3; echo $line"; done'].join(
      '\n',
    ),
  ),
  row(
    'a loop whose input -n does not read',
    ['printf "a\\nb\\nc\\n" | while read line; do $SSH -n box "echo $line"; done'].join('\n'),
  ),
  row(
    'a writer of input that the remote has closed',
    [`{ yes; echo "yes: $?" >&2; } | $SSH box 'exec <&-; touch '$DIR'/closed; sleep 1'`].join('\n'),
  ),
  row('output and error output, separate', `$SSH box 'echo out; echo err >&2'`),
  row('error output alone', `$SSH box 'echo err >&2; exit 2' 2>&1 >/dev/null`),
  row(
    'bytes of every value',
    `$SSH box 'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %o $i)"; i=$((i+1)); done' | cksum`,
  ),
  row('output that is closed', `$SSH box 'echo lost; exit 4' >&-`),
  row('output that is full', `$SSH box 'echo lost; exit 4' >/dev/full`),
  row('error output that is closed', `$SSH box 'echo kept; echo lost >&2; exit 4' 2>&-`),
  row('all streams closed', `$SSH box 'exit 4' <&- >&- 2>&-`),
  row('a reader that stops early', '$SSH box yes | head -1; echo ${PIPESTATUS[0]}'),
  row(
    'a reader that stops early, and a command that ignores SIGPIPE',
    [
      `$SSH box 'trap "" PIPE; yes 2>/dev/null | head -n 200000 2>/dev/null; exit 4' | head -1`,
      'echo ${PIPESTATUS[0]}',
    ].join('\n'),
  ),
  row(
    'a reader that stops early, while error output and input continue',
    [
      `echo some | { $SSH box 'trap "" PIPE; while echo y; do :; done 2>/dev/null; cat >&2; exit 4'`,
      'echo $? >&2; } | head -1',
    ].join('\n'),
  ),
  row(
    'output that is not read for a while',
    [
      `$SSH box "head -c 30000000 /dev/zero; touch $DIR/written" |`,
      '{ $SSH -n box true; [ -e $DIR/written ] || echo held; cksum; }',
    ].join('\n'),
  ),
  row(
    '5 MB both ways, and on error output',
    [
      `head -c 5000000 /dev/zero | { $SSH box 'tee /dev/stderr' 2>&3 | cksum >&2; } 3>&1 | cksum`,
    ].join(''),
  ),
  row(
    'all streams closed, and a command that is run',
    [`$SSH box "touch $DIR/ran; exit 4" <&- >&- 2>&-; echo $?; ls $DIR`].join(''),
  ),
  row('a background process that holds the output', timed(`$SSH box 'sleep 1 & echo x'`, 900)),
  row(
    'a background process that holds error output only',
    timed(`$SSH box 'sleep 1 >/dev/null & echo x'`, 900),
  ),
  row(
    'a background process that holds nothing',
    [
      // Kills it here: it would outlive the test.
      'trap \'kill "$(cat "$DIR/pid")"\' EXIT',
      timed(`$SSH box "sleep 20 >/dev/null 2>&1 </dev/null & echo \\$! >$DIR/pid; echo x"`, 15_000),
    ].join('\n'),
  ),
  row(
    'the file status flags of its streams',
    [
      'flags() { for fd in 0 1 2; do grep flags: /proc/self/fdinfo/$fd; done; }',
      'exec < <(echo some; sleep 0.2)',
      'flags > $DIR/before; $SSH -n box true; flags > $DIR/after',
      'cmp $DIR/before $DIR/after && echo the same',
    ].join('\n'),
  ),
  row('a stream through the server', `$SSH -W 127.0.0.1:$PORT box </dev/null | head -c 8`),
  row('a stream through the server to a port that refuses connections', '$SSH -W 127.0.0.1:1 box'),
  row('a stream through the server to no port', '$SSH -W 127.0.0.1 box'),
];
