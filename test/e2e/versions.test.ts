/** Two versions of sshpool that meet: an agent of another protocol. */
import { createConnection } from 'node:net';
import { describe, expect, it } from 'vitest';
import { frame, FrameReader } from '../../src/base/frames.ts';
import { decodeMessage } from '../../src/wire/codec.ts';
import { MAX_FRAME, PROTOCOL, type Message } from '../../src/wire/protocol.ts';
import { runCli } from '../support/cli.ts';
import { bytesOf } from '../support/fake-agent.ts';
import { until } from '../support/process.ts';
import { startForeignAgent } from '../support/foreign-agent.ts';
import { createSandbox } from '../support/sandbox.ts';
import { stats } from '../support/stats.ts';

describe('an agent of another protocol', () => {
  it('that is older is asked to retire, and a new agent replaces it', async () => {
    await using sandbox = createSandbox();
    const heard = await startForeignAgent(sandbox, PROTOCOL - 1);
    const started = await runCli(sandbox, ['exec', '-F', '/dev/null', '-p', '1', '127.0.0.1', 'x']);
    expect(started.stderr).toMatch(/Connection refused\n$/);
    expect(heard).toContain('retire');
    expect(await stats(sandbox)).toMatchObject({ protocol: PROTOCOL });
  });

  it('that is newer keeps running, and the error says what to do', async () => {
    await using sandbox = createSandbox();
    const heard = await startForeignAgent(sandbox, PROTOCOL + 1);
    const env = { SSH_POOL_FALLBACK: 'off' };
    const done = await runCli(sandbox, ['exec', '-F', '/dev/null', 'host', 'x'], { env });
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/^sshpool: the running sshpool agent speaks protocol \d+ .*\n$/);
    expect(heard).not.toContain('retire');
  });
});

describe('a caller of another protocol', () => {
  it('gets a hello for any call, and may ask the agent to retire', async () => {
    await using sandbox = createSandbox();
    await runCli(sandbox, ['agent', 'start']);
    const socket = createConnection(sandbox.path('run', 'agent.sock'));
    sandbox.defer(async () => void socket.destroy());
    const frames = new FrameReader(MAX_FRAME);
    const heard: (Message | undefined)[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(...frames.push(chunk).map(decodeMessage)));
    socket.write(
      bytesOf({ type: 'hello', protocol: PROTOCOL + 1, version: 'x', capabilities: [] }),
    );
    // An exec that is valid in no version.
    socket.write(Buffer.concat(frame([Buffer.from([10, 1, 2, 3])])));
    await until(() => heard.length === 1, 'the agent says hello');
    expect(heard).toMatchObject([{ type: 'hello', protocol: PROTOCOL }]);
    socket.write(bytesOf({ type: 'retire' }));
    await until(async () => (await stats(sandbox)) === null, 'the agent leaves');
  });
});
