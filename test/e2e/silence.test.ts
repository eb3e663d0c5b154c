/** A server that says nothing more, while another connection to it works. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, type Result } from '../support/cli.ts';
import { descendantsOf, signal } from '../support/process.ts';
import { startRelay } from '../support/relay.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

/** Far below what a keep-alive needs, and above what a slow machine does. */
const SOON_MS = 14_000;

const MAY_HAVE_RUN =
  'sshpool: the connection to box was lost: no answer; the command may have run\n';

interface Call {
  readonly config: string;
  readonly command: string;
  readonly args?: readonly string[];
  readonly link?: string;
}

const exec = (
  sandbox: Sandbox,
  { config, command, args = [], link = 'auto' }: Call,
): Promise<Result> =>
  runCli(sandbox, ['exec', ...args, '-F', config, 'box', command], {
    env: { SSH_POOL_LINK: link },
    timeoutMs: 90_000,
  });

/** Stops what serves the connections that are there; the listener goes on. */
function freeze(sshd: Sshd): void {
  for (const pid of descendantsOf(sshd.pid)) signal(pid, 'SIGSTOP');
}

describe.skipIf(!haveSshd())('a server that freezes', () => {
  it.each(['ssh2', 'openssh'])(
    'ends a command that was sent, says so, and serves the next one (%s)',
    async (link) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const config = sshd.config();
      await exec(sandbox, { config, command: 'true', link });
      freeze(sshd);
      const done = await exec(sandbox, { config, command: 'true', link });
      expect(done).toMatchObject({ code: 255, stderr: MAY_HAVE_RUN });
      expect(done.ms).toBeLessThan(SOON_MS);
      expect(await exec(sandbox, { config, command: 'exit 3', link })).toMatchObject({ code: 3 });
      expect(sshd.logins()).toBe(2);
    },
  );

  it('serves the calls that were not sent yet over another connection', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    await exec(sandbox, { config, command: 'true' });
    freeze(sshd);
    const all = await Promise.all(
      [1, 2, 3, 4].map(() => exec(sandbox, { config, command: 'exit 3' })),
    );
    expect(all.map(({ code }) => code).toSorted((a, b) => Number(a) - Number(b))).toEqual([
      3, 3, 3, 255,
    ]);
    expect(Math.max(...all.map(({ ms }) => ms))).toBeLessThan(SOON_MS);
  });
});

describe.skipIf(!haveSshd())('a network that swallows one direction', () => {
  it.each([
    ['toServer', 0],
    ['toClient', 1],
  ] as const)('runs a command no second time (%s)', async (direction, times) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    await using relay = await startRelay(sshd.port);
    const config = sshd.config(
      `Host box\nPort ${relay.port}\nHostKeyAlias [127.0.0.1]:${sshd.port}`,
    );
    const file = sandbox.write('ran', '');
    await exec(sandbox, { config, command: 'true' });
    relay.swallow(direction);
    const done = await exec(sandbox, { config, command: `echo ran >>${file}` });
    expect(done).toMatchObject({ code: 255, stderr: MAY_HAVE_RUN });
    expect(done.ms).toBeLessThan(SOON_MS);
    expect(await exec(sandbox, { config, command: 'true' })).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toBe('ran\n'.repeat(times));
  });
});
