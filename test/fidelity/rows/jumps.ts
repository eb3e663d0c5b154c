/** Jump hosts that cannot be reached: the messages of both ssh processes. */
import { row, type Row } from '../row.ts';

/**
 * The jump host's ssh may end before the target's has sent its identification: which of two messages that one
 * prints is then a matter of chance (kex.c, kex_exchange_identification).
 */
const normal = (text: string): string =>
  text
    .replaceAll(/^kex_exchange_identification: [^\n]*\n/gm, '')
    .replaceAll(/banner exchange: Connection to (.+): Broken pipe/g, 'Connection closed by $1');

export const jumpRows: readonly Row[] = [
  row('a jump host that refuses the login', '$SSH -J nobody@box box true'),
  row('a jump host that refuses the login, with -q', '$SSH -q -J nobody@box box true'),
  row(
    'a jump host that refuses the login, with LogLevel ERROR',
    '$SSH -o LogLevel=ERROR -J nobody@box box true',
  ),
  row(
    'a jump host that refuses the login, with -E',
    '$SSH -E $DIR/log -J nobody@box box true; echo $?; cat $DIR/log',
  ),
  row(
    'a jump host with LogLevel QUIET in its own block',
    [
      '{ printf "Host box-quiet\\nUser nobody\\nLogLevel QUIET\\nMatch all\\n"; echo "Include $CONFIG"; } > $DIR/config',
      '$SSH -F $DIR/config -J box-quiet box true',
    ].join('\n'),
  ),
  row('a jump host that is down', '$SSH -J 127.0.0.1:1 box true', { normal }),
  row('a jump host name that does not exist', '$SSH -J no-such-host.invalid box true', { normal }),
  row('a jump host behind one that is down', '$SSH -J 127.0.0.1:1,nobody@box box true', { normal }),
  row('a target that is down behind a jump host', '$SSH -p 1 -J box box true'),
  row(
    'LogLevel ERROR with a port that refuses connections',
    '$SSH -o LogLevel=ERROR -p 1 box true',
  ),
  row('LogLevel QUIET with a login that is refused', '$SSH -o LogLevel=QUIET -l nobody box true'),
];
