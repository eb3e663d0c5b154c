/** Exit statuses, and what is said where nothing runs. */
import { row, type Row } from '../row.ts';

export const exitRows: readonly Row[] = [
  row('status 0', '$SSH box true'),
  row('status 1', '$SSH box false'),
  row('the low eight bits of a status', `$SSH box 'exit 300'`),
  row('status 126 of a file that is no program', '$SSH box /etc/passwd'),
  row('status 127 of a command that is not there', '$SSH box no-such-command'),
  row('status 255 of the command itself', `$SSH box 'exit 255'`),
  row('a command that SIGKILL ends', `$SSH box 'kill -KILL $$'`),
  row('a command that SIGTERM ends', `$SSH box 'kill -TERM $$'`),
  row('a child of the command that a signal ends', `$SSH box 'sh -c "kill -TERM \\$\\$"; exit $?'`),
  row('a port where nobody listens', '$SSH -p 1 box true'),
  row('a host of no such name', '$SSH no-such-host.invalid true'),
  row('a user who is not let in', '$SSH -l nobody box true'),
  row(
    'an unknown host key that nobody is asked about',
    [
      '$SSH -o BatchMode=yes -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null',
      'box true',
    ].join(' '),
  ),
  row(
    'an unknown host key under strict checking',
    ['$SSH -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null box true'].join(' '),
  ),
  row(
    'a host key that is another one',
    [
      'echo "[127.0.0.1]:$PORT ssh-ed25519 $OTHER_KEY" > $DIR/known',
      '$SSH -o UserKnownHostsFile=$DIR/known -o HostKeyAlias=none box true',
    ].join('\n'),
    { normal: (text) => text.replaceAll(/\/\S*\/known/g, 'KNOWN') },
  ),
  row(
    'a host key that is another one, in a file by a relative name',
    [
      'cd $DIR; echo "[127.0.0.1]:$PORT ssh-ed25519 $OTHER_KEY" > known',
      '$SSH -o UserKnownHostsFile=known box true',
    ].join('\n'),
  ),
  row(
    'a host key that is another one, in the file of all users alone',
    [
      'cd $DIR; echo "[127.0.0.1]:$PORT ssh-ed25519 $OTHER_KEY" > known',
      '$SSH -o UserKnownHostsFile=none -o GlobalKnownHostsFile=known box true',
    ].join('\n'),
  ),
  ...['no', 'accept-new', 'yes'].map((value) =>
    row(
      `an unknown host key where none can be written down, StrictHostKeyChecking ${value}`,
      [
        '$SSH -o UserKnownHostsFile=none -o GlobalKnownHostsFile=none',
        `-o StrictHostKeyChecking=${value} box true`,
      ].join(' '),
    ),
  ),
  row(
    'a file of known hosts that cannot be made, by a relative name',
    'cd $DIR; mkdir known; $SSH -o UserKnownHostsFile=known -o StrictHostKeyChecking=no box true',
  ),
  row(
    'a file of known hosts that cannot be made',
    '$SSH -o UserKnownHostsFile=$DIR/none/known -o StrictHostKeyChecking=no box true; ls $DIR/none',
  ),
  row(
    'a ProxyCommand that fails, and runs once',
    // It reads the identification first: ssh says something else where it could not be sent.
    `$SSH -o "ProxyCommand=sh -c 'read id; echo >> $DIR/runs; exit 1'" box true; wc -l < $DIR/runs`,
  ),
  row(
    'a ProxyCommand that is the streams of the call',
    '$SSH -o ProxyCommand=- box true </dev/null | head -c 8',
  ),
  row('a BindAddress that is not ours', '$SSH -b 192.0.2.1 box true'),
  row('a BindAddress that is none', '$SSH -b no-such-host.invalid box true'),
  row('a BindInterface that is not there', '$SSH -B none0 box true'),
  row('PreferredAuthentications none', '$SSH -o PreferredAuthentications=none box true'),
  row(
    'a ForwardAgent where nobody listens',
    `$SSH -o ForwardAgent=$DIR/none box 'echo "<$SSH_AUTH_SOCK>"'`,
  ),
  row('an option that there is not', '$SSH -Z box true'),
  row('an option of ssh_config that there is not', '$SSH -o NoSuchOption=1 box true'),
  row('a value that an option cannot have', '$SSH -o Port=none box true'),
  row('a port that is none', '$SSH -p none box true'),
  row('no host', '$SSH -q'),
  row('a host that begins with a dash', '$SSH -- -box true'),
  row('an option without its value', '$SSH -l'),
  row('a configuration file that is not there', '$SSH -F $DIR/absent box true', {
    normal: (text) => text.replaceAll(/\/\S*\/absent/g, 'ABSENT'),
  }),
];
