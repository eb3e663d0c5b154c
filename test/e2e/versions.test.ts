/** Two versions of sshpool that meet: an agent of another protocol. */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Peer } from '../../src/wire/peer.ts';
import { PROTOCOL, type Message } from '../../src/wire/protocol.ts';
import { runCli } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { stats } from '../support/stats.ts';

/** An agent that speaks `protocol`, knows hello and retire, and notes what it is sent. */
async function startForeignAgent(sandbox: Sandbox, protocol: number): Promise<string[]> {
  const path = sandbox.path('run', 'agent.sock');
  const heard: string[] = [];
  const peers = new Set<Peer>();
  const server = createServer((socket) => {
    const peer: Peer = new Peer(socket, {
      onMessage: (message: Message) => {
        heard.push(message.type);
        if (message.type === 'hello') {
          peer.send({ type: 'hello', protocol, version: '9.9.9', capabilities: [] });
        }
        if (message.type !== 'retire') return;
        rmSync(path);
        server.close();
      },
      onClose: () => peers.delete(peer),
    });
    peers.add(peer);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  sandbox.defer(async () => {
    for (const peer of peers) peer.destroy();
    server.close();
  });
  return heard;
}

describe('an agent of another protocol', () => {
  it('that is older is asked to retire, and another one takes its place', async () => {
    await using sandbox = createSandbox();
    const heard = await startForeignAgent(sandbox, PROTOCOL - 1);
    const started = await runCli(sandbox, ['exec', '-F', '/dev/null', '-p', '1', '127.0.0.1', 'x']);
    expect(started.stderr).toMatch(/Connection refused\n$/);
    expect(heard).toContain('retire');
    expect(await stats(sandbox)).toMatchObject({ protocol: PROTOCOL });
  });

  it('that is newer is left alone, and the line says what to do', async () => {
    await using sandbox = createSandbox();
    const heard = await startForeignAgent(sandbox, PROTOCOL + 1);
    const done = await runCli(sandbox, ['exec', '-F', '/dev/null', 'host', 'x']);
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/^sshpool: the running sshpool agent speaks protocol \d+ .*\n$/);
    expect(heard).not.toContain('retire');
  });
});
