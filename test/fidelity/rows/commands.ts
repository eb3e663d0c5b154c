/** How the remote command is made: arguments, options between them, RemoteCommand, subsystems. */
import { row, type Row } from '../row.ts';

export const commandRows: readonly Row[] = [
  row('words joined with single spaces', `$SSH box echo a '  b' "c  d"`),
  row('quotes and variables left to the remote shell', `$SSH box 'x=1; echo "$x" '"'y'"`),
  row('several lines', `$SSH box $'echo one\\necho two\\nfalse'`),
  row('bytes that are not valid UTF-8', `$SSH box $'printf %s "\\377\\001" | od -An -c'`),
  row('a word that is empty', `$SSH box '' echo hi`),
  row('an empty command as a shell', `$SSH box ''`, { stdin: 'echo from the shell; exit 5\n' }),
  row('no command as a shell', '$SSH box', { stdin: 'echo from the shell; exit 6\n' }),
  row('"--" behind the host', '$SSH box -- echo hi'),
  row('"--" before the host', '$SSH -- box echo -- hi'),
  row('options behind the host', '$SSH box -q -T -o LogLevel=ERROR echo hi'),
  row('options behind the command as words of it', '$SSH box echo -n -T'),
  row('options in one word', '$SSH -qTn box echo hi'),
  row('a value joined to its option', '$SSH -lnobody -oUser=x -oBatchMode=yes -p1 box true'),
  row('an address as a URI', '$SSH ssh://box echo hi'),
  row('a user before the host', '$SSH "$(id -un)@box" echo hi'),
  row('a command of 100 KB', '$SSH box "echo $(head -c 100000 /dev/zero | tr "\\0" a) | wc -c"'),
  row(
    'a command that the remote system finds too long',
    [
      'head -c 130000 /dev/zero | tr "\\0" b > $DIR/long',
      '$SSH box "echo $(cat $DIR/long)" | wc -c',
    ].join('\n'),
  ),
  row('RemoteCommand', `$SSH -o RemoteCommand='echo remote; exit 3' box`),
  row('the tokens of RemoteCommand', `$SSH -o RemoteCommand='echo %n %h %p %r %% %u' box`),
  row('RemoteCommand beside a command', '$SSH -o RemoteCommand=true box echo hi'),
  row('RemoteCommand none', '$SSH -o RemoteCommand=none box echo hi'),
  row(
    'a subsystem',
    [
      // At the end of its input the server would exit before it has answered.
      `{ printf '\\0\\0\\0\\5\\1\\0\\0\\0\\3'; await answered; } | $SSH -s box sftp |`,
      '{ head -c 9 | od -An -c; touch $DIR/answered; }',
    ].join('\n'),
  ),
  row('a subsystem named before its option', '$SSH box -s sftp </dev/null | wc -c'),
  row('a subsystem that does not exist', '$SSH -s box no-such-subsystem'),
  row('a subsystem without a name', '$SSH -s box'),
  row('SessionType subsystem', '$SSH -o SessionType=subsystem box sftp </dev/null | wc -c'),
];
