import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { verify } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Reader, Writer } from '../../../../src/base/bytes.ts';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { systemClock } from '../../../../src/base/time.ts';
import { KeyAgent } from '../../../../src/ssh/keys/key-agent.ts';
import { FakeClock } from '../../../support/clock.ts';
import { blobOf, keygen, makeDirectory, makeKey } from './keygen.ts';

const directory = makeDirectory();
const at = (name: string): string => join(directory.path, name);
afterAll(() => directory[Symbol.dispose]());

const keyAgent = (path: string): KeyAgent => new KeyAgent(path, { clock: systemClock });

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** A promise and what resolves it (Promise.withResolvers, which Node 20 has not). */
function deferred<T>(): Deferred<T> {
  const made: { resolve?: Deferred<T>['resolve'] } = {};
  const promise = new Promise<T>((resolve) => {
    made.resolve = resolve;
  });
  return { promise, resolve: (value) => made.resolve?.(value) };
}

async function errorOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (!(thrown instanceof SshpoolError)) throw thrown;
    return `${thrown.code}: ${thrown.message}`;
  }
  throw new Error('it did not fail');
}

/** Whether Node's crypto accepts the signature; `hash` is none for ed25519. */
function isSignature(publicKey: string, data: Buffer, bytes: Buffer, hash?: string): boolean {
  const parsed = ssh2.utils.parseKey(publicKey);
  if (parsed instanceof Error) throw parsed;
  const key = parsed.getPublicPEM();
  if (!publicKey.startsWith('ecdsa')) return verify(hash, data, key, bytes);
  // RFC 5656 section 3.1.2: two numbers, here of 32 bytes each.
  const from = new Reader(bytes);
  const number = (): Buffer => Buffer.concat([Buffer.alloc(32), from.string()]).subarray(-32);
  const both = Buffer.concat([number(), number()]);
  return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, both);
}

describe('with the real ssh-agent', () => {
  const path = at('agent');
  const keys = { ed25519: '', rsa: '', ecdsa: '' };
  let agent: ChildProcess | undefined;

  const add = (...args: readonly string[]): void => {
    const env = { ...process.env, SSH_AUTH_SOCK: path };
    const { status, stderr } = spawnSync('ssh-add', args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };

  beforeAll(async () => {
    agent = spawn('ssh-agent', ['-D', '-a', path], { stdio: ['ignore', 'pipe', 'inherit'] });
    // It prints its socket's path when it listens.
    if (agent.stdout) await once(agent.stdout, 'data');
    keys.ed25519 = makeKey(at('ed25519'), 'ed25519');
    keys.rsa = makeKey(at('rsa'), 'rsa', '-b', '2048');
    keys.ecdsa = makeKey(at('ecdsa'), 'ecdsa');
    keygen('-q', '-s', at('rsa'), '-I', 'id', '-n', 'me', at('ed25519.pub'));
    for (const type of ['ed25519', 'rsa', 'ecdsa']) add('-q', at(type));
  });
  afterAll(async () => {
    if (!agent) return;
    const gone = once(agent, 'exit');
    agent.kill();
    await gone;
  });

  it('lists keys and certificates in the order of the agent', async () => {
    const list = await keyAgent(path).identities();
    expect(list.map(({ type }) => type)).toEqual([
      'ssh-ed25519',
      'ssh-ed25519-cert-v01@openssh.com',
      'ssh-rsa',
      'ecdsa-sha2-nistp256',
    ]);
    expect(list.map(({ blob }) => blob)).toContainEqual(blobOf(keys.rsa));
    expect(list.map(({ comment }) => comment)).toContain(at('ed25519'));
  });
  it.each([
    ['ed25519', 0, 'ssh-ed25519', undefined],
    ['ecdsa', 0, 'ecdsa-sha2-nistp256', 'sha256'],
    ['rsa', 2, 'rsa-sha2-256', 'sha256'],
    ['rsa', 4, 'rsa-sha2-512', 'sha512'],
  ] as const)('signs with %s and flags %i', async (name, flags, algorithm, hash) => {
    const data = Buffer.from('to be signed');
    const signature = await keyAgent(path).sign(blobOf(keys[name]), data, flags);
    const parts = new Reader(signature);
    expect(parts.text()).toBe(algorithm);
    expect(isSignature(keys[name], data, parts.string(), hash)).toBe(true);
  });
  it('answers many requests at once', async () => {
    const one = keyAgent(path);
    const lists = await Promise.all(Array.from({ length: 20 }, () => one.identities()));
    expect(new Set(lists.map(({ length }) => length))).toEqual(new Set([4]));
  });
  it('fails if it does not hold the key', async () => {
    const other = blobOf(makeKey(at('other'), 'ed25519'));
    const error = await errorOf(keyAgent(path).sign(other, Buffer.from('x'), 0));
    expect(error).toBe(`KEY_AGENT_FAILED: the key agent at ${path} failed: it refused`);
  });
  it('does not send a request that is too large for an agent', async () => {
    const error = await errorOf(keyAgent(path).sign(blobOf(keys.rsa), Buffer.alloc(300_000), 0));
    expect(error).toMatch(/^KEY_AGENT_FAILED: .*too long$/);
  });
  it('returns an empty list if it has no keys', async () => {
    add('-qD');
    expect(await keyAgent(path).identities()).toEqual([]);
  });
});

describe('without a key agent', () => {
  it('reports an error if there is no socket', async () => {
    const error = await errorOf(keyAgent(at('none')).identities());
    expect(error).toMatch(/^KEY_AGENT_ABSENT: no key agent answers at .*ENOENT/);
  });
  it('reports an error if the agent has stopped listening', async () => {
    // A process that is killed does not remove its socket.
    const path = at('stale');
    const listen = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listen]);
    expect(await errorOf(keyAgent(path).identities())).toMatch(/^KEY_AGENT_ABSENT: .*ECONNREFUSED/);
    rmSync(path);
  });
  it.each([
    ['is empty', ''],
    ['is cut by the system', `/tmp/${'x'.repeat(120)}`],
    ['holds a NUL', '/tmp/a\0b'],
  ])('reports an error if the path %s', async (_, path) => {
    expect(await errorOf(keyAgent(path).identities())).toMatch(/^KEY_AGENT_ABSENT/);
  });
});

/** A server on a socket; `treat` handles each connection. */
async function serve(
  name: string,
  treat: (socket: Socket) => void,
): Promise<AsyncDisposable & { path: string }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    treat(socket);
  });
  server.listen(at(name));
  await once(server, 'listening');
  return {
    path: at(name),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Asks an agent that answers with these bytes, and hangs up if `then` says so. */
async function answerTo(bytes: Buffer, then: 'stays' | 'hangs up' = 'stays'): Promise<unknown> {
  const agent = await serve('hostile', (socket) => {
    socket.once('data', () => (then === 'stays' ? socket.write(bytes) : socket.end(bytes)));
  });
  try {
    return await keyAgent(agent.path).identities();
  } finally {
    await agent[Symbol.asyncDispose]();
  }
}

const message = (body: Buffer): Buffer => new Writer().string(body).finish();

describe('a hostile key agent', () => {
  it.each([
    ['is empty', message(Buffer.alloc(0))],
    ['is announced too long', Buffer.from([0, 4, 0, 1])],
    ['is announced endless', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['counts more keys than it has', message(Buffer.from([12, 0xff, 0xff, 0xff, 0xff]))],
    ['has no count', message(Buffer.from([12]))],
    ['has another type', message(Buffer.from([14, 0, 0, 0, 0]))],
    ['is a refusal', message(Buffer.from([5]))],
  ])('whose answer %s is a failure', async (_, bytes) => {
    expect(await errorOf(answerTo(bytes))).toMatch(/^KEY_AGENT_FAILED/);
  });
  it('that hangs up is a failure', async () => {
    expect(await errorOf(answerTo(Buffer.from([0, 0]), 'hangs up'))).toMatch(/hung up/);
  });
  it('costs only the invalid key', async () => {
    const good = new Writer().string('sk-ssh-ed25519@openssh.com').string('x').finish();
    const body = new Writer().byte(12).u32(2).string('junk').string('a').string(good).string('b');
    expect(await answerTo(message(body.finish()))).toEqual([
      { blob: good, type: 'sk-ssh-ed25519@openssh.com', comment: 'b' },
    ]);
  });
  it('can only cause a failure, whatever it answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
        const body = Buffer.concat([Buffer.from([12, 0, 0, 0]), bytes]);
        await answerTo(message(body), 'hangs up').then(
          (list) => expect(Array.isArray(list)).toBe(true),
          (thrown: unknown) => expect(thrown).toBeInstanceOf(SshpoolError),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('a key agent', () => {
  it('may send its answer in pieces', async () => {
    const blob = new Writer().string('ssh-ed25519').string(Buffer.alloc(32)).finish();
    const body = new Writer().byte(12).u32(1).string(blob).string('me').finish();
    const pieces = [...message(body)].map((byte) => Buffer.of(byte));
    const agent = await serve('pieces', (socket) => {
      const next = (): void => {
        const piece = pieces.shift();
        if (piece) socket.write(piece, next);
      };
      socket.once('data', next);
    });
    expect(await keyAgent(agent.path).identities()).toEqual([
      { blob, type: 'ssh-ed25519', comment: 'me' },
    ]);
    await agent[Symbol.asyncDispose]();
  });
  it('has two seconds to list its keys', async () => {
    const clock = new FakeClock();
    const asked = deferred<unknown>();
    const agent = await serve('silent', (socket) => socket.once('data', asked.resolve));
    const error = errorOf(new KeyAgent(agent.path, { clock }).identities());
    await asked.promise;
    clock.advance(1999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect(await error).toMatch(/^KEY_AGENT_FAILED: .*no answer within 2000 ms$/);
    await agent[Symbol.asyncDispose]();
  });
  it('has unlimited time to sign, because the user may have to touch the key', async () => {
    const clock = new FakeClock();
    const signature = new Writer().string('ssh-ed25519').string('signature').finish();
    const asked = deferred<Socket>();
    const agent = await serve('slow', (socket) => socket.once('data', () => asked.resolve(socket)));
    const signed = new KeyAgent(agent.path, { clock }).sign(Buffer.from('k'), Buffer.from('d'), 0);
    const socket = await asked.promise;
    clock.advance(3_600_000);
    expect(clock.pending).toBe(0);
    socket.write(message(new Writer().byte(14).string(signature).finish()));
    expect(await signed).toEqual(signature);
    await agent[Symbol.asyncDispose]();
  });
  it('gets no further request after a cancel', async () => {
    const cancel = new AbortController();
    const asked = deferred<unknown>();
    const gone = deferred<unknown>();
    const agent = await serve('cancelled', (socket) => {
      socket.once('data', asked.resolve).once('close', gone.resolve);
    });
    const { signal } = cancel;
    const one = new KeyAgent(agent.path, { clock: systemClock, signal });
    const error = errorOf(one.sign(Buffer.from('k'), Buffer.from('d'), 0));
    await asked.promise;
    cancel.abort();
    expect(await error).toMatch(/^CANCELLED/);
    await gone.promise;
    expect(await errorOf(one.identities())).toMatch(/^CANCELLED/);
    await agent[Symbol.asyncDispose]();
  });
  it('whose signature is malformed fails', async () => {
    const agent = await serve('badsig', (socket) => {
      socket.once('data', () => socket.write(message(Buffer.from([14, 0, 0, 0, 1, 7]))));
    });
    const error = await errorOf(keyAgent(agent.path).sign(Buffer.from('k'), Buffer.from('d'), 0));
    expect(error).toMatch(/^KEY_AGENT_FAILED: .*malformed$/);
    await agent[Symbol.asyncDispose]();
  });
});
