/** Exit statuses, and the messages if no command runs. */
import { row, type Row } from '../row.ts';

export const exitRows: readonly Row[] = [
  row('status 0', '$SSH box true'),
  row('status 1', '$SSH box false'),
  row('the low eight bits of a status', `$SSH box 'exit 300'`),
  row('status 126 for a file that is not executable', '$SSH box /etc/passwd'),
  row('status 127 for a command that does not exist', '$SSH box no-such-command'),
  row('status 255 of the command itself', `$SSH box 'exit 255'`),
  row('a command that SIGKILL ends', `$SSH box 'kill -KILL $$'`),
  row('a command that SIGTERM ends', `$SSH box 'kill -TERM $$'`),
  row('a child of the command that a signal ends', `$SSH box 'sh -c "kill -TERM \\$\\$"; exit $?'`),
  row('a port that refuses connections', '$SSH -p 1 box true'),
  row('a host name that does not exist', '$SSH no-such-host.invalid true'),
  row('a user whose login is refused', '$SSH -l nobody box true'),
  row(
    'an unknown host key with BatchMode',
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
    'a changed host key',
    [
      'echo "[127.0.0.1]:$PORT ssh-ed25519 $OTHER_KEY" > $DIR/known',
      '$SSH -o UserKnownHostsFile=$DIR/known -o HostKeyAlias=none box true',
    ].join('\n'),
    { normal: (text) => text.replaceAll(/\/\S*\/known/g, 'KNOWN') },
  ),
  row(
    'a changed host key, in a known_hosts file with a relative name',
    [
      'cd $DIR; echo "[127.0.0.1]:$PORT ssh-ed25519 $OTHER_KEY" > known',
      '$SSH -o UserKnownHostsFile=known box true',
    ].join('\n'),
  ),
  row(
    'a changed host key, in GlobalKnownHostsFile only',
    [
      'cd $DIR; echo "[127.0.0.1]:$PORT ssh-ed25519 $OTHER_KEY" > known',
      '$SSH -o UserKnownHostsFile=none -o GlobalKnownHostsFile=known box true',
    ].join('\n'),
  ),
  ...['no', 'accept-new', 'yes'].map((value) =>
    row(
      `an unknown host key that cannot be stored, StrictHostKeyChecking ${value}`,
      [
        '$SSH -o UserKnownHostsFile=none -o GlobalKnownHostsFile=none',
        `-o StrictHostKeyChecking=${value} box true`,
      ].join(' '),
    ),
  ),
  row(
    'a known_hosts file that cannot be created, with a relative name',
    'cd $DIR; mkdir known; $SSH -o UserKnownHostsFile=known -o StrictHostKeyChecking=no box true',
  ),
  row(
    'a known_hosts file that cannot be created',
    '$SSH -o UserKnownHostsFile=$DIR/none/known -o StrictHostKeyChecking=no box true; ls $DIR/none',
  ),
  row(
    'a ProxyCommand that fails, and runs once',
    // It reads the identification first: ssh prints another message if it cannot send it.
    `$SSH -o "ProxyCommand=sh -c 'read id; echo >> $DIR/runs; exit 1'" box true; wc -l < $DIR/runs`,
  ),
  row(
    'a ProxyCommand that is the streams of the call',
    '$SSH -o ProxyCommand=- box true </dev/null | head -c 8',
  ),
  row('a BindAddress that is not of this machine', '$SSH -b 192.0.2.1 box true'),
  row('a BindAddress that is not an address', '$SSH -b no-such-host.invalid box true'),
  row('a BindInterface that does not exist', '$SSH -B none0 box true'),
  row('PreferredAuthentications none', '$SSH -o PreferredAuthentications=none box true'),
  row(
    'a ForwardAgent with a socket that does not exist',
    `$SSH -o ForwardAgent=$DIR/none box 'echo "<$SSH_AUTH_SOCK>"'`,
  ),
  row('an option that does not exist', '$SSH -Z box true'),
  row('an option of ssh_config that does not exist', '$SSH -o NoSuchOption=1 box true'),
  row('an invalid value of an option', '$SSH -o Port=none box true'),
  row('an invalid port', '$SSH -p none box true'),
  row('no host', '$SSH -q'),
  row('a host that begins with a dash', '$SSH -- -box true'),
  row('an option without its value', '$SSH -l'),
  row('a configuration file that does not exist', '$SSH -F $DIR/absent box true', {
    normal: (text) => text.replaceAll(/\/\S*\/absent/g, 'ABSENT'),
  }),
];
