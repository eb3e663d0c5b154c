/** A server that floods the agent: calls to other targets work, and memory stays bounded. */
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../support/cli.ts';
import { FLOODS, startFloodingServer, type FloodKind } from '../support/flooding-server.ts';
import { rssBytes, until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const MIB = 2 ** 20;
/** Enough that without a bound the agent would hold hundreds of megabytes. */
const MANY = 60_000;

async function agentPid(sandbox: Sandbox): Promise<number> {
  const { stdout } = await runCli(sandbox, ['agent', 'status', '--json']);
  return (JSON.parse(stdout.toString()) as { pid: number }).pid;
}

/** A command on the flooding server, whose output is read and thrown away. */
function flooded(sandbox: Sandbox, config: string) {
  const child = spawnCli(sandbox, ['exec', '-F', config, 'flood', 'x']);
  let words = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve));
  return { child, ended, words: () => words };
}

async function world(sandbox: Sandbox, kind: FloodKind, deaf = false) {
  const sshd = await startSshd(sandbox);
  const server = await startFloodingServer(sandbox, 'flood', kind, { deaf });
  const config = sshd.config(server.hostBlock);
  const exec = () => runCli(sandbox, ['exec', '-F', config, 'box', 'echo up']);
  await exec();
  return { config, server, exec, pid: await agentPid(sandbox) };
}

const ASKING: readonly FloodKind[] = ['opens', 'channel requests', 'global requests'];
const SILENT = (Object.keys(FLOODS) as FloodKind[]).filter((kind) => !ASKING.includes(kind));

describe.skipIf(!haveSshd())('a server that floods the agent', () => {
  it.each(ASKING)('with %s is disconnected, with the reason', async (kind) => {
    await using sandbox = createSandbox();
    const { config, server, exec, pid } = await world(sandbox, kind);
    const { ended, words } = flooded(sandbox, config);
    const [code, other] = await Promise.all([ended, exec()]);
    expect(other.stdout.toString()).toBe('up\n');
    expect([code, words()]).toEqual([255, expect.stringContaining('sends too many requests')]);
    await until(() => server.connections() === 0, 'the connection has ended');
    expect(rssBytes(pid) / MIB).toBeLessThan(150);
  });

  it.each(SILENT)('with %s does not block calls to other targets', async (kind) => {
    await using sandbox = createSandbox();
    const { config, server, exec, pid } = await world(sandbox, kind);
    const { child, ended } = flooded(sandbox, config);
    await until(() => server.sent() > MANY / 10, 'the flood is there');
    const others = [await exec(), await exec(), await exec()];
    expect(others.map(({ stdout }) => stdout.toString())).toEqual(['up\n', 'up\n', 'up\n']);
    expect(Math.min(...others.map(({ ms }) => ms))).toBeLessThan(2000);
    await until(() => server.sent() > MANY, 'the flood goes on', 60_000);
    expect(rssBytes(pid) / MIB).toBeLessThan(150);
    server.calm();
    // Any other signal would go to the remote command, which does not end.
    child.kill('SIGKILL');
    await ended;
    expect((await exec()).stdout.toString()).toBe('up\n');
  });

  it('and does not read the replies is no longer read', async () => {
    await using sandbox = createSandbox();
    const { config, exec, pid } = await world(sandbox, 'channel requests', true);
    const { ended, words } = flooded(sandbox, config);
    expect([await ended, words()]).toEqual([255, expect.stringContaining('too many requests')]);
    expect((await exec()).stdout.toString()).toBe('up\n');
    expect(rssBytes(pid) / MIB).toBeLessThan(150);
  });
});
