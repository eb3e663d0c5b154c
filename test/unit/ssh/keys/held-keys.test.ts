import { once } from 'node:events';
import { rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Writer } from '../../../../src/base/bytes.ts';
import { HeldKeys } from '../../../../src/ssh/keys/held-keys.ts';
import { FakeClock } from '../../../support/clock.ts';
import { until } from '../../../support/process.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

/** A key agent that holds the test's keys, and counts connections and requests. */
class Agent {
  keys: string[] = ['a'];
  comment = 'a comment';
  /** While it is set, requests are not answered. */
  silent = false;
  questions = 0;
  readonly sockets = new Set<Socket>();
  connections = 0;
  readonly path: string;
  readonly #server: Server;

  constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.connections++;
      this.sockets.add(socket.on('error', () => socket.destroy()));
      socket.on('data', () => {
        this.questions++;
        if (!this.silent) socket.write(this.#answer());
      });
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(): Buffer {
    const list = new Writer().byte(12).u32(this.keys.length);
    for (const key of this.keys) list.string(key).string(this.comment);
    return new Writer().string(list.finish()).finish();
  }
}

async function setUp(): Promise<{
  sandbox: Sandbox;
  agent: Agent;
  clock: FakeClock;
  held: HeldKeys;
}> {
  const sandbox = createSandbox();
  const clock = new FakeClock();
  const held = new HeldKeys(clock);
  const agent = await new Agent(sandbox.path('agent')).listen();
  sandbox.defer(() => agent.close());
  onTestFinished(async () => {
    held.close();
    await sandbox[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });
  return { sandbox, agent, clock, held };
}

test('the same keys have the same digest, whatever their comments', async () => {
  const { agent, held } = await setUp();
  const before = await held.digest(agent.path);
  agent.comment = 'another one';
  expect(await held.digest(agent.path)).toBe(before);
});

test('other keys, or another order of them, have another digest', async () => {
  const { agent, held } = await setUp();
  const digests: string[] = [];
  for (const keys of [['a'], [], ['a', 'b'], ['b', 'a'], ['ab']]) {
    agent.keys = keys;
    digests.push(await held.digest(agent.path));
  }
  expect(new Set(digests).size).toBe(5);
});

test('many requests use one connection', async () => {
  const { agent, held } = await setUp();
  for (let i = 0; i < 5; i++) await held.digest(agent.path);
  expect(agent.questions).toBe(5);
  expect(agent.connections).toBe(1);
});

test('the connection is closed after a while without requests', async () => {
  const { agent, held, clock } = await setUp();
  await held.digest(agent.path);
  const [socket] = agent.sockets;
  clock.advance(10_000);
  await until(() => socket?.destroyed ?? false, 'it is closed');
  await held.digest(agent.path);
  expect(agent.connections).toBe(2);
});

test('a connection that was lost is made again', async () => {
  const { agent, held } = await setUp();
  const before = await held.digest(agent.path);
  for (const socket of agent.sockets) socket.destroy();
  expect(await held.digest(agent.path)).toBe(before);
});

test('a link that now names another key agent is followed', async () => {
  const { sandbox, agent, held } = await setUp();
  const other = await new Agent(sandbox.path('other')).listen();
  sandbox.defer(() => other.close());
  other.keys = ['b'];
  const link = sandbox.path('link');
  symlinkSync(agent.path, link);
  const before = await held.digest(link);
  rmSync(link);
  symlinkSync(other.path, link);
  expect(await held.digest(link)).not.toBe(before);
});

test('a key agent that is absent or does not answer holds no keys', async () => {
  const { sandbox, agent, held, clock } = await setUp();
  expect(await held.digest(sandbox.path('nothing'))).toBe('absent');
  agent.silent = true;
  const asked = held.digest(agent.path);
  await until(() => agent.questions === 1, 'it is asked');
  clock.advance(2000);
  expect(await asked).toBe('absent');
});

test('the answer of a slow key agent is cached for a moment', async () => {
  const { agent, held, clock } = await setUp();
  agent.silent = true;
  const slow = held.digest(agent.path);
  await until(() => agent.questions === 1, 'it is asked');
  clock.advance(2000);
  await slow;
  agent.silent = false;
  expect(await held.digest(agent.path)).toBe('absent');
  expect(agent.questions).toBe(1);
  clock.advance(2000);
  expect(await held.digest(agent.path)).not.toBe('absent');
});

test('an invalid answer counts as no keys', async () => {
  const { agent, held } = await setUp();
  agent.keys = [];
  const asked = held.digest(agent.path);
  await until(() => agent.sockets.size > 0, 'it is asked');
  for (const socket of agent.sockets) socket.write(Buffer.from([0, 0, 0, 0]));
  await asked;
  expect(typeof (await held.digest(agent.path))).toBe('string');
});
