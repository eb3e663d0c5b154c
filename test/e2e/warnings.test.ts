/** Warnings on standard error, compared with ssh. */
import { describe, expect, it } from 'vitest';
import { runCli, ssh } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

/** A proxy that writes to standard error, and stays with the connection. */
const PROXY = 'echo hello >&2; exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3; kill $!';

interface Said {
  readonly ours: string;
  readonly theirs: string;
}

/** Standard error of both; `lines` of ssh_config win. */
async function said(
  sandbox: Sandbox,
  lines: readonly string[],
  words: readonly string[] = [],
): Promise<Said> {
  const sshd = await startSshd(sandbox);
  const config = (): string =>
    sshd.config(
      `Host box\n  ${['UserKnownHostsFile ' + sandbox.path('known'), ...lines].join('\n  ')}\n`,
    );
  const call = (): string[] => ['-F', config(), ...words, 'box', 'true'];
  const theirs = await ssh(sandbox, call());
  sandbox.write('known', '');
  const ours = await runCli(sandbox, ['ssh', ...call()]);
  expect(ours.code).toBe(theirs.code);
  return { ours: ours.stderr, theirs: theirs.stderr };
}

describe.skipIf(!haveSshd())('standard error is the same as with ssh', () => {
  it.each<[string, readonly string[], readonly string[], RegExp]>([
    [
      'for a key file that does not exist',
      [],
      ['-i', '/none'],
      /Identity file \/none not accessible/,
    ],
    [
      'for such a key file, also with -q',
      [],
      ['-q', '-i', '/none'],
      /Identity file \/none not accessible/,
    ],
    ['for a host key that was added', ['StrictHostKeyChecking no'], [], /Permanently added/],
    ['for that with LogLevel ERROR', ['StrictHostKeyChecking no', 'LogLevel ERROR'], [], /^$/],
    [
      'for a ProxyCommand',
      ['StrictHostKeyChecking no', 'LogLevel ERROR', `ProxyCommand bash -c '${PROXY}'`],
      [],
      /^hello\n$/,
    ],
  ])('%s', async (_, lines, words, expected) => {
    await using sandbox = createSandbox();
    const { ours, theirs } = await said(sandbox, lines, words);
    expect(theirs).toMatch(expected);
    expect(ours).toBe(theirs);
  });
});
