/** Agent forwarding: a command gets the key agent of its own caller, and only with -A. */
import { execFileSync, spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

/** A key agent that holds one key with this comment; its socket. */
async function startKeyAgent(sandbox: Sandbox, comment: string): Promise<string> {
  const [key, socket] = [sandbox.path(`key-${comment}`), sandbox.path(`ka-${comment}`)];
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', key]);
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  sandbox.defer(async () => void agent.kill());
  await new Promise((resolve) => agent.stdout.once('data', resolve));
  execFileSync('ssh-add', ['-q', key], { env: { ...sandbox.env, SSH_AUTH_SOCK: socket } });
  return socket;
}

describe.skipIf(!haveSshd())('the key agent', () => {
  it('of each caller is visible to its command with -A', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['exec', '-A', '-F', sshd.config(), 'box', 'ssh-add -l'];
    for (const name of ['one', 'two']) {
      const env = { SSH_AUTH_SOCK: await startKeyAgent(sandbox, name) };
      const { stdout, code } = await runCli(sandbox, args, { env });
      expect(code).toBe(0);
      expect(stdout.toString()).toMatch(new RegExp(` ${name} \\(ED25519\\)\\n$`));
    }
  });

  it('is not visible without -A, also after a call with it', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const env = { SSH_AUTH_SOCK: await startKeyAgent(sandbox, 'mine') };
    const run = (flag: string) =>
      runCli(sandbox, ['exec', flag, '-F', sshd.config(), 'box', 'echo "[$SSH_AUTH_SOCK]"'], {
        env,
      });
    expect((await run('-A')).stdout.toString()).toMatch(/agent/);
    expect((await run('-a')).stdout.toString()).toBe('[]\n');
  });
});
