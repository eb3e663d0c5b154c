// @ts-check
/** The OpenSSH server of this machine, if there is one, on loopback with throw-away keys. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { generateKey } from './embedded-server.js';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find(existsSync);
const START_MS = 3000;

/** Why the demo cannot run here; undefined if it can. */
export function missingClient() {
  if (spawnSync('ssh', ['-V'], { stdio: 'ignore' }).status === 0) return undefined;
  return 'there is no ssh on this machine: sshpool has it read your ssh_config; install OpenSSH';
}

/**
 * Starts the server.
 *
 * @param {string} dir
 * @returns {Promise<string | { port: number, hostKey: string, userKey: { private: string }, close: () => Promise<void> }>}
 *   the server, or why there is none
 */
export async function startDemoSshd(dir) {
  if (SSHD === undefined) return 'no OpenSSH server is installed';
  // sshd's directory for privilege separation, which the service makes at boot.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const [host, user] = [generateKey(), generateKey()];
  const port = await freePort();
  const home = join(dir, 'home');
  mkdirSync(home);
  const path = (/** @type {string} */ file) => join(dir, `sshd.${file}`);
  writeFileSync(path('host_key'), host.private, { mode: 0o600 });
  writeFileSync(path('authorized_keys'), `${user.public}\n`);
  const options = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey "${path('host_key')}"`,
    `AuthorizedKeysFile "${path('authorized_keys')}"`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    // Without the start-up files of the shell, which may take longer than ssh does.
    `SetEnv "HOME=${home}"`,
  ];
  writeFileSync(path('config'), `${options.join('\n')}\n`);

  const child = spawn(SSHD, ['-D', '-e', '-f', path('config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (log += text));
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const close = async () => {
    child.kill('SIGTERM');
    await Promise.race([ended, pause(START_MS, undefined, { ref: false })]);
    child.stderr.destroy();
  };

  const deadline = performance.now() + START_MS;
  const runs = () => child.pid !== undefined && child.exitCode === null;
  while (runs() && performance.now() < deadline) {
    if (await answers(port)) return { port, hostKey: host.public, userKey: user, close };
    await pause(20);
  }
  await close();
  return `${SSHD} did not start (${log.trim().split('\n').at(-1) ?? ''})`;
}

/** @param {number} port @returns {Promise<boolean>} */
function answers(port) {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
