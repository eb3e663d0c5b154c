/** The messages of `sshpool ssh` when something fails, compared with the real ssh. */
import { writeFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, ssh } from '../support/cli.ts';
import { startLoopback } from '../support/loopback.ts';
import { RawCall } from '../support/raw-call.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

/** The exit status and the whole standard error of both. */
async function both(
  sandbox: Sandbox,
  words: readonly string[],
  agentEnv: Readonly<Record<string, string>> = {},
): Promise<{ readonly theirs: unknown; readonly ours: unknown }> {
  const real = await ssh(sandbox, words);
  const call = await RawCall.make(sandbox, { command: 'ssh', argv: words, stdin: '', agentEnv });
  const last = await call.last();
  return {
    theirs: [real.code, real.stderr],
    // A delegated call runs ssh itself, so its messages are those of ssh.
    ours: last.type === 'delegate' ? [real.code, real.stderr] : [last.exitCode, await call.words()],
  };
}

/** Replaces the known key with another one. */
function forgetKey(sshd: Sshd): void {
  const other = readFileSync(`${sshd.identities[0]}.pub`, 'utf8');
  writeFileSync(sshd.knownHosts, `[127.0.0.1]:${sshd.port} ${other}`);
}

describe.skipIf(!haveSshd())('sshpool ssh says what ssh says', () => {
  it.each([
    ['of a port that refuses connections', ['-p', '1', 'box', 'true']],
    ['with -q', ['-q', '-p', '1', 'box', 'true']],
    ['with LogLevel ERROR', ['-oLogLevel=ERROR', '-p', '1', 'box', 'true']],
    ['with LogLevel QUIET', ['-oLogLevel=QUIET', '-p', '1', 'box', 'true']],
    ['of a name that does not exist', ['-oHostName=nowhere.invalid', 'box', 'true']],
    [
      'of an unknown host key',
      ['-oUserKnownHostsFile=/dev/null', '-oStrictHostKeyChecking=yes', 'box', 'true'],
    ],
    [
      'of an unknown host key with BatchMode',
      ['-oUserKnownHostsFile=/dev/null', '-oStrictHostKeyChecking=ask', '-oBatchMode=yes', 'box'],
    ],
    ['of a login that fails', ['-oPubkeyAuthentication=no', 'box', 'true']],
    ['of a subsystem that does not exist', ['-s', 'box', 'nothing']],
    ['of a port that does not answer', ['-W', '127.0.0.1:1', 'box']],
    ['of a terminal that ends', ['-tt', 'box', 'exit 3']],
    ['of a terminal that ends, with -q', ['-q', '-tt', 'box', 'exit 3']],
    ['of a terminal that ends, with LogLevel ERROR', ['-oLogLevel=ERROR', '-tt', 'box', 'true']],
    ['of a terminal that dies', ['-tt', 'box', 'kill -KILL $$']],
    // After ssh has sent the end of its input: else it may report that it could not send it.
    ['of a connection that breaks', ['box', 'cat; sleep 0.3; kill -KILL $PPID; sleep 1']],
    ['of a connection that breaks, with -q', ['-q', 'box', 'cat; kill -KILL $PPID; sleep 1']],
  ])('%s', async (_name, words) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const { theirs, ours } = await both(sandbox, ['-F', sshd.config(), ...words]);
    expect(ours).toEqual(theirs);
  });

  it('of a changed host key', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    forgetKey(sshd);
    const { theirs, ours } = await both(sandbox, ['-F', sshd.config(), 'box', 'true']);
    expect(ours).toEqual(theirs);
  });

  it.each([
    ['', (port: number) => ['-p', String(port)]],
    [' with LogLevel ERROR', (port: number) => ['-oLogLevel=ERROR', '-p', String(port)]],
    [' behind a ProxyCommand', () => ['-oProxyCommand=sleep 20']],
  ])('of a server that does not answer%s', async (_name, way) => {
    await using sandbox = createSandbox();
    const { port } = await startLoopback(sandbox, () => undefined);
    const config = sandbox.write('config', 'Host box\n  HostName 127.0.0.1\n');
    const words = ['-F', config, '-oConnectTimeout=1', ...way(port), 'box', 'true'];
    const theirs = await ssh(sandbox, words);
    const ours = await runCli(sandbox, ['ssh', ...words]);
    expect([ours.code, ours.stderr]).toEqual([theirs.code, theirs.stderr]);
    expect(theirs.stderr).toContain('timed out during banner exchange');
  });

  it.each([
    ['terminals', { PermitTTY: 'no' }, ['-tt', 'box', 'true']],
    ['sessions', { MaxSessions: '0' }, ['box', 'true']],
    ['forwardings', { AllowTcpForwarding: 'no' }, ['-W', '127.0.0.1:1', 'box']],
  ])('of a server that refuses %s', async (_name, options, words) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options });
    const { theirs, ours } = await both(sandbox, ['-F', sshd.config(), ...words]);
    expect(ours).toEqual(theirs);
  });

  it.each([
    [['-p', '1', 'box', 'true']],
    [['-oHostName=nowhere.invalid', 'box', 'true']],
    [['-oPubkeyAuthentication=no', 'box', 'true']],
  ])('over the openssh link, too: %j', async (words) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const env = { SSH_POOL_LINK: 'openssh' };
    const { theirs, ours } = await both(sandbox, ['-F', sshd.config(), ...words], env);
    expect(ours).toEqual(theirs);
  });
});
