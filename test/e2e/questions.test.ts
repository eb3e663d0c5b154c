/** Questions to the person at the terminal: asked on /dev/tty of the caller, whatever its pipes. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli } from '../support/cli.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';

/** Runs `sshpool ARGS` in a terminal of its own (script(1)); types each answer when asked. */
async function inTerminal(
  sandbox: Sandbox,
  args: readonly string[],
  dialogue: readonly (readonly [question: string, typed: string])[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; screen: string }> {
  const command = [PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { ...sandbox.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.on('data', (text: Buffer) => (screen += text.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  for (const [question, typed] of dialogue) {
    await until(() => screen.includes(question), `it asks ${question}`);
    child.stdin.write(typed);
  }
  return { code: await ended, screen };
}

const LINKS = ['ssh2', 'openssh'];

/** A server whose one key is encrypted, and what is asked about that. */
async function withPassphrase(
  sandbox: Sandbox,
): Promise<{ sshd: Sshd; config: string; question: string }> {
  const sshd = await startSshd(sandbox);
  const [identity = ''] = sshd.identities;
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', identity]);
  const question = `Enter passphrase for key '${identity}': `;
  return { sshd, config: sshd.config(), question };
}

describe.skipIf(!haveSshd() || !existsSync('/usr/bin/script'))('a question', () => {
  it('about an unknown host key is answered at the terminal, and the key remembered', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const known = sandbox.path('known');
    const config = sshd.config(`StrictHostKeyChecking ask\nUserKnownHostsFile ${known}`);
    const { code, screen } = await inTerminal(
      sandbox,
      ['exec', '-F', config, 'box', 'echo through'],
      [
        ['(yes/no/[fingerprint])? ', 'perhaps\r'],
        ["Please type 'yes', 'no' or the fingerprint: ", 'yes\r'],
      ],
    );
    expect(screen).toMatch(/Warning: Permanently added .*\r\nthrough\r\n$/);
    expect(code).toBe(0);
    expect(readFileSync(known, 'utf8')).toContain('ssh-ed25519');
    await runCli(sandbox, ['agent', 'stop', '--force']);
  });

  it('that is answered with no leaves the host alone', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const known = sandbox.path('known');
    const config = sshd.config(`StrictHostKeyChecking ask\nUserKnownHostsFile ${known}`);
    const { code, screen } = await inTerminal(
      sandbox,
      ['exec', '-F', config, 'box', 'true'],
      [['(yes/no/[fingerprint])? ', 'no\r']],
    );
    expect(code).toBe(255);
    expect(screen).toContain('Host key verification failed');
    expect(existsSync(known)).toBe(false);
    expect(sshd.logins()).toBe(0);
    await runCli(sandbox, ['agent', 'stop', '--force']);
  });

  it.each(LINKS)('over %s for a passphrase does not show what is typed', async (link) => {
    await using sandbox = createSandbox();
    const { config, question } = await withPassphrase(sandbox);
    const { code, screen } = await inTerminal(
      sandbox,
      ['exec', '-F', config, 'box', 'echo through'],
      [[question, 'open sesame\r']],
      { SSH_POOL_LINK: link },
    );
    expect(code).toBe(0);
    expect(screen).toMatch(/through\r\n$/);
    expect(screen).not.toContain('sesame');
    expect(readFileSync(sandbox.path('run', 'agent.log'), 'utf8')).not.toContain('sesame');
    await runCli(sandbox, ['agent', 'stop', '--force']);
  });

  it.each(LINKS)('over %s that is broken off ends the call as by SIGINT', async (link) => {
    await using sandbox = createSandbox();
    const { config, question, sshd } = await withPassphrase(sandbox);
    const { code, screen } = await inTerminal(
      sandbox,
      ['exec', '-F', config, 'box', 'echo through'],
      [[question, '\u0003']],
      { SSH_POOL_LINK: link },
    );
    expect(code).toBe(130);
    expect(screen).not.toContain('through');
    await until(() => sshd.connections() === 0, 'nothing is left at the server');
    await runCli(sandbox, ['agent', 'stop', '--force']);
  });
});
