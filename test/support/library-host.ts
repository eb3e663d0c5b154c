/** A real server as a program that uses the library knows it. */
import type { HostConfig } from '../../src/index.ts';
import type { Sshd } from './sshd.ts';

/** Without any configuration file of the user's: to be used with `configFile: 'none'`. */
export function libraryHost({ port, user, identities, knownHosts }: Sshd): HostConfig {
  return {
    name: 'box',
    host: '127.0.0.1',
    port,
    protocol: 'ssh',
    sshUser: user,
    sshKeyPath: identities[0],
    sshOptions: { UserKnownHostsFile: knownHosts, GlobalKnownHostsFile: '/dev/null' },
  };
}
