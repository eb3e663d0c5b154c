// @ts-check
/** An OpenSSH server of the benchmark's own, on loopback, with keys of its own. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { end, familyOf } from './processes.js';

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find(existsSync);
const START_MS = 5000;

/** @typedef {{ port: number, userKey: string, hostKey: string, stop: () => Promise<void> }} Server */

/**
 * @param {string} dir is made here
 * @param {import('./login-user.js').LoginUser} user
 * @returns {Promise<Server>} with the path of the user's private key, and the public host key
 */
export async function startServer(dir, user) {
  if (SSHD === undefined) throw new Error('there is no sshd: install the OpenSSH server');
  // sshd's directory for privilege separation, which the service makes at boot.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  // sshd reads the authorized keys as the login user.
  mkdirSync(dir, { mode: 0o755 });
  const [hostKey, userKey] = [makeKey(join(dir, 'host_key')), makeKey(join(dir, 'user_key'))];
  const authorized = join(dir, 'authorized_keys');
  writeFileSync(authorized, readFileSync(`${userKey}.pub`), { mode: 0o644 });

  const port = await freePort();
  // MaxSessions (10) and MaxStartups keep their defaults.
  const options = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorized}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PrintMotd no',
    'PrintLastLog no',
    'Subsystem sftp internal-sftp',
    ...penalties(),
    ...user.serverOptions,
  ];
  const config = join(dir, 'sshd_config');
  writeFileSync(config, `${options.join('\n')}\n`);
  const stop = await start(config, join(dir, 'sshd.log'));
  return { port, userKey, hostKey: readFileSync(`${hostKey}.pub`, 'utf8').trim(), stop };
}

/** @param {string} config @param {string} log */
async function start(config, log) {
  const fd = openSync(log, 'a');
  const child = spawn(SSHD ?? '', ['-D', '-e', '-f', config], {
    stdio: ['ignore', fd, fd],
    detached: true,
  });
  closeSync(fd);
  const failed = new Promise((resolve) => child.once('error', resolve));
  const stop = async () => {
    // Collected first: once the listener has ended, its sessions cannot be found through it.
    if (child.pid !== undefined) await end(familyOf(child.pid));
  };
  const deadline = performance.now() + START_MS;
  while (!readFileSync(log, 'utf8').includes('Server listening on')) {
    await Promise.race([failed, pause(20)]);
    if (child.pid === undefined || child.exitCode !== null || performance.now() > deadline) {
      await stop();
      const said = readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '';
      throw new Error(`sshd did not start: ${said}`);
    }
  }
  return stop;
}

/** @param {string} file */
function makeKey(file) {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'sshpool bench', '-f', file]);
  return file;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** Since 9.8 sshd penalizes an address whose logins failed (PerSourcePenalties). */
function penalties() {
  const [major = 0, minor = 0] = (/OpenSSH_(\d+)\.(\d+)/.exec(sshVersion()) ?? [])
    .slice(1)
    .map(Number);
  return major * 100 + minor >= 908 ? ['PerSourcePenalties no'] : [];
}

/** What `ssh -V` says; it comes with the server from one source. */
export function sshVersion() {
  const { error, stderr } = spawnSync('ssh', ['-V'], { encoding: 'utf8' });
  if (error) throw new Error('there is no ssh: install the OpenSSH client');
  return stderr.trim();
}
