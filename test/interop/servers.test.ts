/** Servers that are not OpenSSH: each call ends as with ssh, in sequence and concurrently. */
import { afterAll, describe, expect, it } from 'vitest';
import { isRoot, makeLoginUser } from '../reach/fixtures.ts';
import { runCli, ssh, type Result } from '../support/cli.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd } from '../support/sshd.ts';
import { otherServers } from './servers.ts';

const user = isRoot && haveSshd() ? makeLoginUser('/home') : undefined;
afterAll(() => user?.[Symbol.dispose]());

const seen = ({ code, stdout }: Result) => ({ code, stdout: stdout.toString() });
/** The warning of OpenSSH since 10.1 about a key exchange that is not post-quantum; sshpool prints it, too. */
const withoutWarning = (text: string): string => text.replaceAll(/^\*\* .*\r?\n/gm, '');
const INPUT = 'through\n'.repeat(20_000);

describe.each(otherServers(user))('$name', ({ name, skip, start }) => {
  if (skip !== undefined) process.stdout.write(`interop: ${name} is SKIPPED: ${skip}\n`);

  it.skipIf(skip !== undefined)('gives the same results as ssh', async () => {
    await using sandbox = createSandbox();
    const config = await start(sandbox);
    const words = (command: string): string[] => ['-F', config, 'box', command];
    for (let status = 0; status < 10; status += 1) {
      const command = words(`echo ${status}; echo err >&2; exit ${status}`);
      const expected = await ssh(sandbox, command);
      expect(expected.code).toBe(status);
      const ours = await runCli(sandbox, ['exec', ...command]);
      expect(seen(ours)).toEqual(seen(expected));
      expect(withoutWarning(ours.stderr)).toBe(withoutWarning(expected.stderr));
    }
    const through = await runCli(sandbox, ['exec', ...words('cat')], { stdin: INPUT });
    expect(seen(through)).toEqual({ code: 0, stdout: INPUT });
  });

  it.skipIf(skip !== undefined)('serves concurrent calls', async () => {
    await using sandbox = createSandbox();
    const config = await start(sandbox);
    const calls = Array.from({ length: 8 }, (_, i) =>
      runCli(sandbox, ['exec', '-F', config, 'box', `sleep 0.2; echo ${i}; exit ${i}`]),
    );
    const expected = Array.from({ length: 8 }, (_, i) => [{ code: i, stdout: `${i}\n` }, '']);
    const results = await Promise.all(calls);
    expect(results.map((call) => [seen(call), withoutWarning(call.stderr)])).toEqual(expected);
  });

  it.skipIf(skip !== undefined)('ends a call at its --timeout', async () => {
    await using sandbox = createSandbox();
    const config = await start(sandbox);
    const words = ['--timeout', '1s', '-F', config, 'box', 'sleep 3'];
    expect((await runCli(sandbox, ['exec', ...words])).code).toBe(124);
  });
});
