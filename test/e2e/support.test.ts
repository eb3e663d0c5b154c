/** Tests of the test support, in which a fault would make other tests wrong. */
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ssh } from '../support/cli.ts';
import { alive, descendantsOf, until } from '../support/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

describe('createSandbox', () => {
  it('ends and reports a process that outlives it', async () => {
    const sandbox = createSandbox();
    const left = spawn('sleep', ['600'], { env: { ...sandbox.env }, stdio: 'ignore' });
    const ended = new Promise((resolve) => left.once('exit', (_code, signal) => resolve(signal)));
    await expect(sandbox[Symbol.asyncDispose]()).rejects.toThrow(/left behind: \d+ sleep 600/);
    expect(await ended).toBe('SIGKILL');
  });

  it('runs the deferred work in reverse order, also after a failure', async () => {
    const sandbox = createSandbox();
    const order: string[] = [];
    sandbox.defer(async () => void order.push('first'));
    sandbox.defer(() => Promise.reject(new Error('broken')));
    sandbox.defer(async () => void order.push('last'));
    await expect(sandbox[Symbol.asyncDispose]()).rejects.toThrow('broken');
    expect(order).toEqual(['last', 'first']);
  });
});

describe.skipIf(!haveSshd())('startSshd', () => {
  it('accepts the real ssh, and passes output, status and variables on', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { SetEnv: 'COLOUR=blue' } });
    const done = await ssh(
      sandbox,
      ['-F', sshd.config(), 'box', 'cat; echo $HOME $COLOUR; exit 7'],
      {
        stdin: 'in ',
      },
    );
    expect(done).toMatchObject({ code: 7, signal: null, stderr: '' });
    expect(done.stdout.toString()).toBe(`in ${sandbox.home} blue\n`);
    expect(sshd.logins()).toBe(1);
  });

  it('accepts each kind of key', async () => {
    await using sandbox = createSandbox();
    const types = ['ed25519', 'ecdsa', 'rsa'] as const;
    const sshd = await startSshd(sandbox, { hostKeys: types, userKeys: types });
    for (const identity of sshd.identities) {
      const config = sshd.config(`IdentityFile ${identity}`);
      expect(await ssh(sandbox, ['-F', config, 'box', 'true'])).toMatchObject({
        code: 0,
        stderr: '',
      });
    }
    expect(sshd.log()).toMatch(/ED25519[^]*ECDSA[^]*RSA/);
  });

  it('puts the options of the test before its own', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox, { options: { ForceCommand: 'echo forced' } });
    const { stdout } = await ssh(sandbox, ['-F', sshd.config(), 'box', 'echo asked']);
    expect(stdout.toString()).toBe('forced\n');
  });

  it('counts connections, ends them with a restart, and leaves no process', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const config = sshd.config();
    const held = ssh(sandbox, ['-F', config, 'box', 'echo up; exec sleep 600']);
    await until(() => sshd.connections() === 1, 'the connection counts');
    await until(() => descendantsOf(sshd.pid).length >= 2, 'the command runs');
    const before = [sshd.pid, ...descendantsOf(sshd.pid)];

    await sshd.restart();
    expect((await held).code).toBe(255);
    expect(before.filter(alive)).toEqual([]);
    expect(sshd.connections()).toBe(0);
    expect(await ssh(sandbox, ['-F', config, 'box', 'exit 3'])).toMatchObject({ code: 3 });

    const { pid } = sshd;
    await sshd.stop();
    expect(alive(pid)).toBe(false);
    expect((await ssh(sandbox, ['-F', config, 'box', 'true'])).stderr).toContain('refused');
  });

  it('shows the log of a server that cannot start', async () => {
    await using sandbox = createSandbox();
    await expect(startSshd(sandbox, { options: { MaxSessions: 'many' } })).rejects.toThrow(
      /sshd did not start:.*MaxSessions/s,
    );
  });
});
