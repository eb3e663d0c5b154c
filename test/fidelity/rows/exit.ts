/** What the exit code says, and what is said where nothing could be run. */
import { plain, type Row } from '../row.ts';

export const exitRows: readonly Row[] = [
  plain('a command that succeeds gives 0', ['box', 'true']),
  plain('a command that fails gives its status', ['box', 'exit 7']),
  plain('a status above 255 loses its high bits', ['box', 'exit 300']),
  plain('a status of 255 is given as it is', ['box', 'exit 255']),
  plain('a command that is not there gives 127', ['box', 'no-such-command-here']),
  plain('a command that is not executable gives 126', ['box', '/etc/passwd']),
  plain('a child of the remote shell that a signal ended gives 128 and its number', [
    'box',
    `sh -c 'kill -TERM $$'; exit $?`,
  ]),
  ...['KILL', 'TERM', 'HUP'].map((name) =>
    plain(`a remote shell that SIG${name} ended gives 255, and nothing is said`, [
      'box',
      `echo before; kill -${name} $$; echo after`,
    ]),
  ),
  plain('a connection that is refused gives 255', ['nobody', 'true']),
  plain('a name that no one knows gives 255', ['no-such-host.invalid', 'true']),
  plain('a login that is refused gives 255', ['keyless', 'true']),
  plain('a host key that is not known gives 255 in batch mode', ['stranger', 'true']),
  {
    name: 'a connection that breaks gives 255',
    act: async (caller) => {
      // A connection of its own, since it is the server's end that is killed.
      const words = ['-o', 'Ciphers=aes128-ctr', 'box', 'kill -9 $PPID; exec sleep 600'];
      return caller.start(words).end();
    },
  },
  plain('no host at all gives the usage', []),
  plain('an option that there is not gives the usage', ['-@', 'box', 'true']),
  plain('an -o that there is not is refused', ['-o', 'NoSuchOption=1', 'box', 'true']),
  plain('a value that an option cannot have is refused', ['-o', 'Port=many', 'box', 'true']),
  plain('a port that there is not is refused', ['-p', '99999999', 'box', 'true']),
  plain('a configuration file that is not there is refused', ['-F', '{dir}/none', 'box', 'true'], {
    bare: true,
  }),
];
