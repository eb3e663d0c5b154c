/**
 * A real OpenSSH server for tests: on loopback, as the current user, with its own keys, configuration
 * and log in a sandbox. It stops at the end of the sandbox.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { hostBlockOf } from './host-block.ts';
import { freePort } from './port.ts';
import { alive, childrenOf, descendantsOf, signal, titleOf, until } from './process.ts';
import type { Sandbox } from './sandbox.ts';

const SSHD = '/usr/sbin/sshd';
const STOP_MS = 2000;

type KeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshdOptions {
  /** The alias in ssh_config and the directory in the sandbox; `box` by default. */
  readonly name?: string;
  /** Directives of sshd_config; they override this file's (SetEnv is joined with this file's). */
  readonly options?: Readonly<Record<string, string | readonly string[]>>;
  readonly hostKeys?: readonly KeyType[];
  readonly userKeys?: readonly KeyType[];
}

export interface Sshd extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  /** The private key files that the server accepts, one for each of `userKeys`. */
  readonly identities: readonly string[];
  readonly hostKeys: readonly string[];
  /** The known_hosts lines of the server, for `[127.0.0.1]:PORT`. */
  readonly knownHosts: string;
  /** The `Host` block of the server, for an ssh_config of the test's own. */
  readonly hostBlock: string;
  /** The listening process. */
  readonly pid: number;
  /** Writes an ssh_config and returns its path; `extra` is put first, so it takes precedence. */
  config(extra?: string): string;
  log(): string;
  /** The log once no login is under way: the server may write of a login after the client has ended. */
  logAfterLogins(): Promise<string>;
  /** Logins since this object was made. */
  logins(): number;
  /** Connections that are logged in now. */
  connections(): number;
  /** Ends the server with all its connections, and restarts it on the same port. */
  restart(): Promise<void>;
  /** Ends the server with all its connections and their commands. */
  stop(): Promise<void>;
}

export function haveSshd(): boolean {
  return existsSync(SSHD);
}

export async function startSshd(sandbox: Sandbox, options: SshdOptions = {}): Promise<Sshd> {
  const files = makeFiles(sandbox, options);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const daemon = new Daemon(writeConfig(sandbox, files, port, options), files.log);
    try {
      await daemon.start();
    } catch (error) {
      // Another test may take the port between freePort() and the start.
      if (attempt < 5 && daemon.log().includes('Address already in use')) continue;
      throw error;
    }
    sandbox.defer(() => daemon.stop());
    return describeServer(sandbox, files, port, daemon);
  }
}

/** Runs sshd, one process at a time, with one configuration. */
class Daemon {
  readonly #config: string;
  readonly #log: string;
  #child: ChildProcess | undefined;

  constructor(config: string, log: string) {
    this.#config = config;
    this.#log = log;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('sshd is not running');
    return pid;
  }

  log(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
  }

  async start(): Promise<void> {
    const before = this.log().length;
    const fd = openSync(this.#log, 'a');
    const child = spawn(SSHD, ['-D', '-e', '-f', this.#config], { stdio: ['ignore', fd, fd] });
    closeSync(fd);
    this.#child = child;
    const since = (): string => this.log().slice(before);
    await until(
      () => since().includes('Server listening on') || child.exitCode !== null,
      'sshd listens',
    );
    if (child.exitCode !== null) throw new Error(`sshd did not start:\n${since()}`);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined) return;
    // Collected first: after the listener has ended its children cannot be found.
    const pids = [child.pid, ...descendantsOf(child.pid)];
    const gone = (): boolean => !pids.some(alive);
    for (const pid of pids) {
      signal(pid, 'SIGTERM');
      // A test may have stopped it: a stopped process handles SIGTERM only after SIGCONT.
      signal(pid, 'SIGCONT');
    }
    await until(gone, 'sshd ends', STOP_MS).catch(() => {
      // Commands may ignore a SIGTERM.
      for (const pid of pids.filter(alive)) signal(pid, 'SIGKILL');
    });
    await until(gone, 'sshd is killed', STOP_MS);
  }
}

interface Files {
  readonly name: string;
  readonly hostKeys: readonly string[];
  readonly identities: readonly string[];
  readonly authorizedKeys: string;
  readonly log: string;
}

function makeFiles(sandbox: Sandbox, { name = 'box', ...options }: SshdOptions): Files {
  mkdirSync(sandbox.path(name), { mode: 0o700 });
  const key = (role: string, type: KeyType): string => {
    const file = sandbox.path(name, `${role}_${type}`);
    const bits = type === 'rsa' ? ['-b', '2048'] : [];
    execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, '-N', '', '-C', role, '-f', file]);
    return file;
  };
  const identities = (options.userKeys ?? ['ed25519']).map((type) => key('user', type));
  const hostKeys = (options.hostKeys ?? ['ed25519']).map((type) => key('host', type));
  const authorizedKeys = sandbox.write(
    `${name}/authorized_keys`,
    identities.map(publicKey).join(''),
  );
  return { name, hostKeys, identities, authorizedKeys, log: sandbox.path(name, 'sshd.log') };
}

function publicKey(file: string): string {
  return readFileSync(`${file}.pub`, 'utf8');
}

function writeConfig(sandbox: Sandbox, files: Files, port: number, given: SshdOptions): string {
  // sshd uses this directory for privilege separation; normally its service makes it at boot.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const { SetEnv: setEnv = [], ...options } = given.options ?? {};
  const directives: Readonly<Record<string, string | readonly string[]>> = {
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: files.hostKeys,
    AuthorizedKeysFile: files.authorizedKeys,
    PidFile: 'none',
    StrictModes: 'no',
    UsePAM: 'no',
    PermitRootLogin: 'yes',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    PrintMotd: 'no',
    PrintLastLog: 'no',
    Subsystem: 'sftp internal-sftp',
    ...penalties(),
  };
  // A bash started by sshd reads ~/.bashrc even for a command, and the developer's file may be slower
  // than all that is measured here. So HOME is the sandbox's home.
  const lines = [`SetEnv HOME=${sandbox.home} ${[setEnv].flat().join(' ')}`];
  // The first value of a directive counts, so the test's own directives come first.
  for (const [directive, values] of [...Object.entries(options), ...Object.entries(directives)]) {
    for (const value of [values].flat()) lines.push(`${directive} ${value}`);
  }
  return sandbox.write(`${files.name}/sshd_config`, `${lines.join('\n')}\n`);
}

/** Since 9.8 sshd refuses, for a while, an address whose logins failed. */
function penalties(): Record<string, string> {
  return sshdIsAtLeast(9, 8) ? { PerSourcePenalties: 'no' } : {};
}

/** Whether the server is OpenSSH of this version or a later one. */
export function sshdIsAtLeast(major: number, minor: number): boolean {
  // An sshd that does not know -V prints its version with the usage.
  return isAtLeast(SSHD, major, minor);
}

/** The same for the ssh client. */
export function sshIsAtLeast(major: number, minor: number): boolean {
  return isAtLeast('ssh', major, minor);
}

function isAtLeast(program: string, major: number, minor: number): boolean {
  const { stderr } = spawnSync(program, ['-V'], { encoding: 'utf8' });
  const [, ...version] = /OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? [];
  const [isMajor = 0, isMinor = 0] = version.map(Number);
  return isMajor * 100 + isMinor >= major * 100 + minor;
}

function describeServer(sandbox: Sandbox, files: Files, port: number, daemon: Daemon): Sshd {
  const { name, hostKeys, identities } = files;
  const user = userInfo().username;
  const known = hostKeys.map((file) => `[127.0.0.1]:${port} ${publicKey(file)}`).join('');
  const knownHosts = sandbox.write(`${name}/known_hosts`, known);
  const hostBlock = hostBlockOf({ name, port, user, identities, knownHosts });
  let configs = 0;
  return {
    name,
    port,
    user,
    identities,
    hostKeys,
    knownHosts,
    hostBlock,
    get pid() {
      return daemon.pid;
    },
    config: (extra = '') =>
      sandbox.write(`${name}/ssh_config-${(configs += 1)}`, `${extra}\n${hostBlock}\n`),
    log: () => daemon.log(),
    async logAfterLogins() {
      await until(() => childrenOf(daemon.pid).every(isLoggedIn), 'no login is under way');
      return daemon.log();
    },
    logins: () => [...daemon.log().matchAll(/^Accepted publickey for /gm)].length,
    connections: () => childrenOf(daemon.pid).filter(isLoggedIn).length,
    async restart() {
      await daemon.stop();
      await daemon.start();
    },
    stop: () => daemon.stop(),
    [Symbol.asyncDispose]: () => daemon.stop(),
  };
}

/** The title of a connection's process names the user; during the login it has a [net] child. */
function isLoggedIn(pid: number): boolean {
  return (
    /^sshd(-session)?: (?!\[)/.test(titleOf(pid)) &&
    !childrenOf(pid).some((child) => titleOf(child).includes('[net]'))
  );
}
