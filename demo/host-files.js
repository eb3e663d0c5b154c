// @ts-check
/** The files with which ssh and sshpool reach only a server of the demo. */
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Writes key, known_hosts and ssh_config into `dir`; returns the path of the last.
 *
 * @param {string} dir
 * @param {string} name the alias
 * @param {{ port: number, hostKey: string, userKey: { private: string } }} server
 */
export function writeHost(dir, name, { port, hostKey, userKey }) {
  const path = (/** @type {string} */ file) => join(dir, `${name}.${file}`);
  writeFileSync(path('key'), userKey.private, { mode: 0o600 });
  writeFileSync(path('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`);
  const options = [
    `Host ${name}`,
    'HostName 127.0.0.1',
    `Port ${port}`,
    `User ${userInfo().username}`,
    `IdentityFile "${path('key')}"`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    `UserKnownHostsFile "${path('known_hosts')}"`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
  ];
  writeFileSync(path('config'), `${options.join('\n  ')}\n`);
  return path('config');
}
