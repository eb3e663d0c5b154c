/** Two versions of sshpool that meet: an agent of another protocol. */
import { describe, expect, it } from 'vitest';
import { PROTOCOL } from '../../src/wire/protocol.ts';
import { runCli } from '../support/cli.ts';
import { startForeignAgent } from '../support/foreign-agent.ts';
import { createSandbox } from '../support/sandbox.ts';
import { stats } from '../support/stats.ts';

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
