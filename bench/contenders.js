// @ts-check
/** The contenders: ssh with a new connection, ssh over ControlMaster, and sshpool. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The native launcher, or the Node client where there is no C compiler. */
export const PROGRAM = fileURLToPath(new URL('../bin/sshpool', import.meta.url));
const NODE_CLIENT = fileURLToPath(new URL('../bin/sshpool.js', import.meta.url));

/** How many hosts there are beside those of the paths, each with a connection of its own. */
export const IDLE_HOSTS = 100;

/** @typedef {'pool' | 'openssh' | 'master' | 'cold' | 'nodeClient'} ContenderName */

/**
 * The words with which a contender runs a command.
 *
 * @type {Record<ContenderName, (config: string, host: string, command: readonly string[]) => string[]>}
 */
export const WORDS = {
  pool: (config, host, command) => [PROGRAM, 'exec', '-F', config, host, '--', ...command],
  // The same, over the other link: see writeConfig.
  openssh: (config, host, command) => WORDS.pool(config, `openssh-${host}`, command),
  master: (config, host, command) => ['ssh', '-F', config, `master-${host}`, ...command],
  cold: (config, host, command) => ['ssh', '-F', config, host, ...command],
  nodeClient: (config, host, command) => [
    ...[process.execPath, NODE_CLIENT, 'exec', '-F', config, host, '--'],
    ...command,
  ],
};

/**
 * Writes the ssh_config that all of them read: a host for each path, and the same once more with a
 * ControlMaster, as a user would configure it.
 *
 * @param {string} dir
 * @param {{ user: string, userKey: string, hostKey: string, port: number, ports: Record<string, number> }} server
 */
export function writeConfig(dir, { user, userKey, hostKey, port, ports }) {
  const [knownHosts, noKeys] = [join(dir, 'known_hosts'), join(dir, 'revoked')];
  writeFileSync(knownHosts, `bench,bench-* ${hostKey}\n`, { mode: 0o600 });
  writeFileSync(noKeys, '');
  const blocks = Object.entries(ports).map(([name, at]) => [
    `Host ${name} master-${name} openssh-${name}`,
    `Port ${at}`,
    'HostKeyAlias bench',
  ]);
  // Another name to find the host key under makes another connection.
  for (let i = 0; i < IDLE_HOSTS; i += 1) {
    blocks.push([`Host idle-${i}`, `Port ${port}`, `HostKeyAlias bench-${i}`]);
  }
  blocks.push(
    // ssh2 does not support it, so the agent makes the connection with OpenSSH.
    ['Host openssh-*', `RevokedHostKeys ${noKeys}`],
    ['Host master-*', 'ControlMaster auto', `ControlPath ${dir}/%n`, 'ControlPersist 10m'],
    [
      'Host *',
      'HostName 127.0.0.1',
      `User ${user}`,
      `IdentityFile ${userKey}`,
      'IdentitiesOnly yes',
      'IdentityAgent none',
      `UserKnownHostsFile ${knownHosts}`,
      'GlobalKnownHostsFile /dev/null',
      'StrictHostKeyChecking yes',
    ],
  );
  const config = join(dir, 'ssh_config');
  const text = blocks.map((lines) => `${lines.join('\n  ')}\n`).join('\n');
  writeFileSync(config, text, { mode: 0o600 });
  return config;
}
