/** Jump hosts that cannot be reached: what their ssh says, and what the ssh behind it. */
import { row, type Row } from '../row.ts';

export const jumpRows: readonly Row[] = [
  row('a jump host that does not let us in', '$SSH -J nobody@box box true'),
  row('a jump host that does not let us in, with -q', '$SSH -q -J nobody@box box true'),
  row(
    'a jump host that does not let us in, with LogLevel ERROR',
    '$SSH -o LogLevel=ERROR -J nobody@box box true',
  ),
  row(
    'a jump host that does not let us in, with -E',
    '$SSH -E $DIR/log -J nobody@box box true; echo $?; cat $DIR/log',
  ),
  row(
    'a jump host with LogLevel QUIET in its own block',
    [
      '{ printf "Host quiet\\nUser nobody\\nLogLevel QUIET\\nMatch all\\n"; echo "Include $CONFIG"; } > $DIR/config',
      '$SSH -F $DIR/config -J nobody@quiet box true',
    ].join('\n'),
  ),
  row('a jump host that is down', '$SSH -J 127.0.0.1:1 box true'),
  row('a jump host of no such name', '$SSH -J no-such-host.invalid box true'),
  row('a jump host behind one that is down', '$SSH -J 127.0.0.1:1,nobody@box box true'),
  row('a target that is down behind a jump host', '$SSH -p 1 -J box box true'),
  row('LogLevel ERROR where nobody listens', '$SSH -o LogLevel=ERROR -p 1 box true'),
  row('LogLevel QUIET where nobody is let in', '$SSH -o LogLevel=QUIET -l nobody box true'),
];
