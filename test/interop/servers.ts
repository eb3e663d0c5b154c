/** Servers that are not OpenSSH, each a separate program, which runs commands with /bin/sh. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeKey, publicKeyOf, type LoginUser } from '../reach/fixtures.ts';
import { hostBlockOf } from '../support/host-block.ts';
import { startLoopback } from '../support/loopback.ts';
import { until } from '../support/process.ts';
import type { Sandbox } from '../support/sandbox.ts';

export interface OtherServer {
  readonly name: string;
  /** Why it cannot run on this machine. */
  readonly skip: string | undefined;
  /** Resolves to an ssh_config with the host `box`. */
  readonly start: (sandbox: Sandbox) => Promise<string>;
}

const SOURCES = fileURLToPath(new URL('servers', import.meta.url));
/** The Python of Debian with its packages, independent of PATH. */
const PYTHON = '/usr/bin/python3';
const GO_SOURCES = '/usr/share/gocode';
const TINYSSHD = '/usr/sbin/tinysshd';

export function otherServers(user: LoginUser | undefined): readonly OtherServer[] {
  return [
    {
      name: 'AsyncSSH',
      skip: withoutModule('asyncssh'),
      start: (sandbox) => serve(sandbox, [PYTHON, join(SOURCES, 'asyncssh_server.py')]),
    },
    {
      name: 'paramiko',
      skip: withoutModule('paramiko'),
      start: (sandbox) => serve(sandbox, [PYTHON, join(SOURCES, 'paramiko_server.py')], 'rsa'),
    },
    {
      name: 'Go x/crypto/ssh',
      skip: existsSync(`${GO_SOURCES}/src/golang.org/x/crypto/ssh`) ? undefined : 'there is no Go',
      start: (sandbox) => serve(sandbox, [goServer(sandbox)]),
    },
    {
      name: 'tinysshd',
      skip: existsSync(TINYSSHD) ? withoutUser(user) : 'there is no tinysshd',
      start: (sandbox) => serveTiny(sandbox, user),
    },
  ];
}

function withoutModule(name: string): string | undefined {
  const { status } = spawnSync(PYTHON, ['-W', 'ignore', '-c', `import ${name}`], {
    stdio: 'ignore',
  });
  return status === 0 ? undefined : `${PYTHON} has no ${name}`;
}

function withoutUser(user: LoginUser | undefined): string | undefined {
  return user ? undefined : 'only root can make a user to log in as';
}

function goServer(sandbox: Sandbox): string {
  const program = sandbox.path('go-server');
  execFileSync('go', ['build', '-o', program, join(SOURCES, 'main.go')], {
    env: {
      PATH: sandbox.env['PATH'],
      ...{ GO111MODULE: 'off', GOPATH: GO_SOURCES, GOCACHE: sandbox.path('go-cache') },
    },
    stdio: 'pipe',
  });
  return program;
}

/** Runs a program that gets a host key and the authorized keys, and prints its port. */
async function serve(
  sandbox: Sandbox,
  [program = '', ...words]: readonly string[],
  type = 'ed25519',
): Promise<string> {
  const hostKey = makeKey(sandbox, 'host', { type, format: type === 'rsa' ? ['-m', 'PEM'] : [] });
  const key = makeKey(sandbox, 'user');
  const known = sandbox.write('authorized', `${publicKeyOf(key)}\n`);
  const child = spawn(program, [...words, hostKey, known], {
    env: { ...sandbox.env, PYTHONWARNINGS: 'ignore' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [printed, said] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  sandbox.defer(async () => {
    child.kill('SIGKILL');
    await until(() => child.exitCode !== null || child.signalCode !== null, 'the server ends');
  });
  await until(() => printed.includes('\n'), 'the server serves').catch((error: unknown) => {
    throw new Error(`${String(error)}; it says:\n${said}`);
  });
  return configOf(sandbox, { port: Number(printed), hostKey: publicKeyOf(hostKey), key });
}

/** It is started for each connection, with the socket as its standard input and output. */
async function serveTiny(sandbox: Sandbox, user: LoginUser | undefined): Promise<string> {
  const { name = '', key = '' } = user ?? {};
  const keys = sandbox.path('tiny-keys');
  execFileSync('/usr/sbin/tinysshd-makekey', ['-q', keys]);
  const printed = execFileSync('/usr/sbin/tinysshd-printkey', [keys], { encoding: 'utf8' });
  const hostKey = printed.split('\n').find((line) => line.startsWith('ssh-ed25519')) ?? '';
  const { port } = await startLoopback(sandbox, (client) => runTiny(sandbox, client, keys));
  const own = sandbox.path('own-key');
  execFileSync('cp', [key, own]);
  chmodSync(own, 0o600);
  return configOf(sandbox, { port, hostKey, key: own, user: name });
}

function runTiny(sandbox: Sandbox, client: Socket, keys: string): void {
  const child = spawn(TINYSSHD, ['-l', keys], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  for (const stream of [child.stdin, child.stdout]) stream.on('error', () => client.destroy());
  client.pipe(child.stdin);
  child.stdout.pipe(client);
  client.once('close', () => child.kill());
}

interface Address {
  readonly port: number;
  readonly hostKey: string;
  readonly key: string;
  readonly user?: string;
}

function configOf(sandbox: Sandbox, { port, hostKey, key, user = 'me' }: Address): string {
  const knownHosts = sandbox.write('known', `[127.0.0.1]:${port} ${hostKey}\n`);
  const block = hostBlockOf({ name: 'box', port, user, identities: [key], knownHosts });
  return sandbox.write('config', `${block}\n`);
}
