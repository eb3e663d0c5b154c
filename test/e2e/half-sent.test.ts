/** Callers that never complete a frame: bounded in memory and time, and other calls work. */
import { createConnection, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { bytesOf, HELLO } from '../support/fake-agent.ts';
import { CLOSED_PORT } from '../support/port.ts';
import { rssBytes, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { poolStats } from '../support/stats.ts';

const COUNT = 500;
const MB = 1_000_000;
/** A call that needs no server: the agent reports that the connection is refused. */
const REFUSED = ['exec', '-F', '/dev/null', '-p', String(CLOSED_PORT), '127.0.0.1'];
const LENGTH = Buffer.alloc(4);
LENGTH.writeUInt32BE(MB);

/** Connects, and writes the parts; `closed` counts the connections that the agent closed. */
class Crowd {
  closed = 0;
  readonly #sockets: Socket[] = [];

  constructor(sandbox: Sandbox, count: number, parts: readonly Buffer[]) {
    for (let i = 0; i < count; i++) {
      const socket = createConnection(sandbox.path('run', 'agent.sock'));
      socket.on('error', () => undefined);
      socket.on('close', () => this.closed++);
      socket.resume();
      for (const part of parts) socket.write(part);
      this.#sockets.push(socket);
    }
    sandbox.defer(async () => {
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

describe.runIf(process.platform === 'linux')('five hundred half-sent frames', () => {
  it.each([
    ['after a hello', [bytesOf(HELLO), LENGTH, Buffer.alloc(0.9 * MB)]],
    ['in place of a hello', [LENGTH, Buffer.alloc(0.9 * MB)]],
  ])('%s cost the agent little memory, which it gives back', async (_what, parts) => {
    await using sandbox = createSandbox();
    await runCli(sandbox, [...REFUSED, 'true']);
    const { pid } = await poolStats(sandbox);
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, rssBytes(pid))), 20);
    sandbox.defer(async () => clearInterval(watch));
    const crowd = new Crowd(sandbox, COUNT, parts);

    const long = 'x'.repeat(120_000);
    for (const words of [['true'], ['echo', long, long]]) {
      const done = await runCli(sandbox, [...REFUSED, ...words]);
      expect(done.stderr).toMatch(/^sshpool: connect to .* Connection refused\n$/);
    }
    await until(() => crowd.closed === COUNT, 'all are let go', 30_000);
    expect(most).toBeLessThan(150 * MB);
    await until(() => rssBytes(pid) < 100 * MB, 'its memory is given back', 10_000);
  });
});

describe('a caller that sends nothing', () => {
  it('is disconnected after five seconds', async () => {
    await using sandbox = createSandbox();
    await runCli(sandbox, ['agent', 'start']);
    const began = performance.now();
    const crowd = new Crowd(sandbox, 1, []);
    await until(() => crowd.closed === 1, 'it is let go', 30_000);
    expect(performance.now() - began).toBeGreaterThan(4500);
  });
});
