/** Parts of the rows: keys, certificates, key agents, users with a password, prompts. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunOptions } from '../support/cli.ts';
import { until } from '../support/process.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { startSshd, type Sshd, type SshdOptions } from '../support/sshd.ts';
import type { Case } from './row.ts';

export const isRoot = process.getuid?.() === 0;

/** Why a row cannot run that needs another program. */
export const without = (program: string): string | undefined =>
  existsSync(program) ? undefined : `there is no ${program}`;

/** A key pair; returns the path of the private half. */
export function makeKey(
  sandbox: Sandbox,
  name: string,
  { type = 'ed25519', passphrase = '', format = [] as readonly string[] } = {},
): string {
  const file = sandbox.path(name);
  const bits = type === 'rsa' ? ['-b', '2048'] : [];
  // One round of the slow passphrase hash, because the table makes many keys.
  const slow = passphrase === '' ? [] : ['-a', '1', '-N', passphrase];
  const words = ['-q', '-t', type, ...bits, '-N', '', ...slow, '-C', name, ...format, '-f', file];
  execFileSync('ssh-keygen', words);
  return file;
}

export const publicKeyOf = (file: string): string => readFileSync(`${file}.pub`, 'utf8').trim();

/** A certificate beside the key, for a user or with `-h` for a host. */
export function certify(ca: string, key: string, principal: string, more: string[] = []): string {
  const words = ['-q', '-s', ca, '-I', 'test', '-n', principal, ...more, `${key}.pub`];
  execFileSync('ssh-keygen', words);
  return `${key}-cert.pub`;
}

/** A call to a server, without the keys that the server's own block would add. */
export function loginAt(sshd: Sshd, extra: string, run: RunOptions = {}): Case {
  const config = sshd.config(`Host box\n${extra}\nHost *`);
  const lines = readFileSync(config, 'utf8').split('\n');
  const own = lines.filter((line) => !sshd.identities.some((file) => line.endsWith(` ${file}`)));
  writeFileSync(config, own.join('\n'));
  return { args: ['-F', config, 'box', 'echo $((6 * 7))'], run };
}

/** A server that accepts only these keys. */
export async function serverWithKeys(
  sandbox: Sandbox,
  keys: readonly string[],
  options: SshdOptions['options'] = {},
): Promise<Sshd> {
  const authorized = sandbox.write('authorized', `${keys.map(publicKeyOf).join('\n')}\n`);
  return startSshd(sandbox, { options: { AuthorizedKeysFile: authorized, ...options } });
}

/** An ssh-agent with these keys; returns the path of its socket. */
export async function keyAgent(
  sandbox: Sandbox,
  keys: readonly string[],
  addOptions: readonly string[] = [],
): Promise<string> {
  const socket = sandbox.path('key-agent');
  const child = spawn('ssh-agent', ['-D', '-a', socket], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: sandbox.env,
  });
  sandbox.defer(async () => {
    child.kill();
    await until(() => child.exitCode !== null || child.signalCode !== null, 'the key agent ends');
  });
  // It prints the socket's path once it listens; the file is there before.
  await once(child.stdout, 'data');
  const env = { ...sandbox.env, SSH_AUTH_SOCK: socket };
  for (const key of keys) {
    execFileSync('ssh-add', ['-q', ...addOptions, key], { env, stdio: 'ignore' });
  }
  return socket;
}

/** The types and comments of what a key agent holds; their fingerprints are new each time. */
export function heldBy(sandbox: Sandbox, socket: string): string {
  const env = { ...sandbox.env, SSH_AUTH_SOCK: socket };
  const { stdout } = spawnSync('ssh-add', ['-l'], { env, encoding: 'utf8' });
  return stdout.replace(/SHA256:\S+/g, 'FINGERPRINT');
}

/**
 * A program for SSH_ASKPASS with one answer for all prompts, or one for each shell pattern that
 * matches. Returns the variables that make ssh use it.
 */
export function answering(
  sandbox: Sandbox,
  answers: string | Readonly<Record<string, string>>,
): Record<string, string> {
  const cases = Object.entries(typeof answers === 'string' ? { '*': answers } : answers);
  const lines = cases.map(([pattern, answer]) => `${pattern}) echo '${answer}' ;;\n`).join('');
  const program = sandbox.write('askpass', `#!/bin/sh\ncase $1 in\n${lines}esac\n`);
  chmodSync(program, 0o700);
  return { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: 'none' };
}

/** Lets sshd, running as another user, read files in a sandbox. */
export function openTo(sandbox: Sandbox, ...files: readonly string[]): void {
  for (const directory of [sandbox.root, sandbox.path('box')]) chmodSync(directory, 0o711);
  for (const file of files) chmodSync(file, 0o644);
}

export interface LoginUser {
  readonly name: string;
  readonly password: string;
  /** A private key that its ~/.ssh/authorized_keys has. */
  readonly key: string;
}

/**
 * A user of the system with a password and a key, for the time of the tests; root only. Its home is below
 * `place`, which, for some servers, only its owner may be able to write.
 */
export function makeLoginUser(place = tmpdir()): LoginUser & Disposable {
  const [name, password] = [`sshpool-test-${process.pid}`, 'correct horse'];
  const dir = mkdtempSync(join(place, 'sshp-user-'));
  const [home, key] = [join(dir, 'home'), join(dir, 'key')];
  const words = ['-r', '-m', '-d', home, '-s', '/bin/sh', name];
  execFileSync('useradd', words, { stdio: 'ignore' });
  execFileSync('chpasswd', { input: `${name}:${password}\n`, stdio: ['pipe', 'ignore', 'ignore'] });
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  chmodSync(dir, 0o711);
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  copyFileSync(`${key}.pub`, join(home, '.ssh', 'authorized_keys'));
  execFileSync('chown', ['-R', `${name}:`, home]);
  return {
    ...{ name, password, key },
    [Symbol.dispose]() {
      // Also while one of its commands still runs.
      spawnSync('userdel', ['-f', name], { stdio: 'ignore' });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** An sshd at which that user logs in by password, by keyboard-interactive, or as `options` say. */
export async function serverWithPasswords(
  sandbox: Sandbox,
  options: SshdOptions['options'] = {},
): Promise<Sshd> {
  const server = await startSshd(sandbox, {
    options: {
      UsePAM: 'yes',
      PasswordAuthentication: 'yes',
      KbdInteractiveAuthentication: 'yes',
      ...options,
    },
  });
  openTo(sandbox, sandbox.path('box', 'authorized_keys'));
  return server;
}
