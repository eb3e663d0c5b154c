/** Prompts at the terminal or by SSH_ASKPASS, compared with the real ssh. */
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, ssh, type RunOptions } from '../support/cli.ts';
import { lock } from '../support/lock-key.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

const BOTH = ['ssh', 'sshpool'] as const;
type Who = (typeof BOTH)[number];

interface Askpass {
  readonly env: Readonly<Record<string, string>>;
  /** Its argument and SSH_ASKPASS_PROMPT, one line per call. */
  readonly asked: () => string;
}

/** A program for SSH_ASKPASS that logs each prompt; `script` prints the answer. */
function askpass(sandbox: Sandbox, script: string): Askpass {
  const log = sandbox.path('asked');
  const note = `printf '%s|%s|%s\\n' "$#" "$1" "$SSH_ASKPASS_PROMPT" >> '${log}'`;
  const program = sandbox.write('askpass', `#!/bin/sh\n${note}\n${script}\n`);
  chmodSync(program, 0o700);
  return {
    env: { SSH_ASKPASS: program },
    asked: () =>
      existsSync(log) ? readFileSync(log, 'utf8').replaceAll(sandbox.root, 'ROOT') : '',
  };
}

const run = (who: Who, sandbox: Sandbox, args: readonly string[], options: RunOptions) =>
  who === 'ssh' ? ssh(sandbox, args, options) : runCli(sandbox, ['exec', ...args], options);

const PASSPHRASE = "echo 'open sesame'";

/** Newer versions of ssh also read WAYLAND_DISPLAY. */
const knowsWayland = readFileSync('/usr/bin/ssh').includes('WAYLAND_DISPLAY');

/** The variables that decide whether ssh runs SSH_ASKPASS. */
const RULES: readonly Readonly<Record<string, string>>[] = [
  {},
  { DISPLAY: ':9' },
  ...(knowsWayland ? [{ WAYLAND_DISPLAY: 'w' }] : []),
  { DISPLAY: '' },
  { SSH_ASKPASS_REQUIRE: 'force' },
  { SSH_ASKPASS_REQUIRE: 'FORCE' },
  { SSH_ASKPASS_REQUIRE: 'prefer' },
  { SSH_ASKPASS_REQUIRE: 'prefer', DISPLAY: ':9' },
  { SSH_ASKPASS_REQUIRE: 'never', DISPLAY: ':9' },
  { SSH_ASKPASS_REQUIRE: 'other', DISPLAY: ':9' },
];

describe.skipIf(!haveSshd() || !haveTerminals())('a prompt', () => {
  it.concurrent.each(RULES)(
    'without a terminal is shown where ssh shows it, with %j',
    async (rule) => {
      const results = await Promise.all(
        BOTH.map(async (who) => {
          await using sandbox = createSandbox();
          const sshd = await startSshd(sandbox);
          lock(sshd, 'open sesame');
          const { env, asked } = askpass(sandbox, PASSPHRASE);
          const args = ['-F', sshd.config(), 'box', 'echo through'];
          const done = await run(who, sandbox, args, { env: { ...env, ...rule }, apart: true });
          return { code: done.code, stdout: done.stdout.toString(), asked: asked() };
        }),
      );
      expect(results[1]).toEqual(results[0]);
    },
  );

  it.concurrent.each(RULES)('at a terminal is shown where ssh shows it, with %j', async (rule) => {
    const results = await Promise.all(
      BOTH.map(async (who) => {
        await using sandbox = createSandbox();
        const sshd = await startSshd(sandbox);
        const question = lock(sshd, 'open sesame');
        const { env, asked } = askpass(sandbox, PASSPHRASE);
        const words = who === 'ssh' ? ['ssh'] : [PROGRAM, 'exec'];
        const terminal = Terminal.run(
          sandbox,
          [...words, '-F', sshd.config(), 'box', 'echo through'],
          { ...env, ...rule },
        );
        const shown = (): boolean => terminal.screen.includes(question);
        await until(() => shown() || asked() !== '', 'it asks');
        if (shown()) terminal.type('open sesame\r');
        const code = await terminal.dialogue();
        return { code, shown: shown(), asked: asked() };
      }),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[0]?.code).toBe(0);
  });

  it.concurrent.each([
    ['fails', 'echo "open sesame"; exit 1'],
    ['prints several lines', "printf 'open sesame\\nmore\\n'"],
    ['prints a line as Windows ends it', "printf 'open sesame\\r\\n'"],
    ['prints no end of the line', "printf 'open sesame'"],
    ['prints nothing', 'exit 0'],
    ['dies', 'echo "open sesame"; kill -9 $$'],
    ['is wrong', 'echo wrong'],
  ])('by a program that %s has the same result as with ssh', async (_, script) => {
    const results = await Promise.all(
      BOTH.map(async (who) => {
        await using sandbox = createSandbox();
        const sshd = await startSshd(sandbox);
        lock(sshd, 'open sesame');
        const env = { ...askpass(sandbox, script).env, SSH_ASKPASS_REQUIRE: 'force' };
        const args = ['-F', sshd.config(), 'box', 'echo through'];
        const { code, stdout } = await run(who, sandbox, args, { env, apart: true });
        return { code, stdout: stdout.toString() };
      }),
    );
    expect(results[1]).toEqual(results[0]);
  });

  it.concurrent.each([
    { SSH_ASKPASS: '' },
    { SSH_ASKPASS: '/nowhere' },
    { SSH_ASKPASS: '/etc' },
    { SSH_ASKPASS: '/etc/passwd/x' },
  ])('by a program that cannot be run gives the error of ssh, with %j', async (rule) => {
    const results = await Promise.all(
      BOTH.map(async (who) => {
        await using sandbox = createSandbox();
        const sshd = await startSshd(sandbox);
        lock(sshd, 'open sesame');
        const env = { ...rule, SSH_ASKPASS_REQUIRE: 'force' };
        const args = ['-F', sshd.config(), 'box', 'true'];
        const { stderr } = await run(who, sandbox, args, { env, apart: true });
        return stderr.split('\n').filter((line) => line.startsWith('ssh_askpass'));
      }),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[0]?.join()).toContain('ssh_askpass: exec(');
  });

  it.concurrent.each([{ SSH_ASKPASS: '' }, { SSH_ASKPASS: '/nowhere' }])(
    'without a program makes the login fail, with %j',
    async (rule) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      lock(sshd, 'open sesame');
      const env = { ...rule, SSH_ASKPASS_REQUIRE: 'force' };
      const args = ['exec', '-F', sshd.config(), 'box', 'true'];
      const { code, stderr } = await runCli(sandbox, args, { env, apart: true });
      expect(code).toBe(255);
      expect(stderr).toContain('needs its passphrase');
    },
  );

  it('passes on the standard error of the program', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    lock(sshd, 'open sesame');
    const { env } = askpass(sandbox, `echo look here >&2; ${PASSPHRASE}`);
    const args = ['exec', '-F', sshd.config(), 'box', 'true'];
    const options = { env: { ...env, SSH_ASKPASS_REQUIRE: 'force' }, apart: true };
    expect(await runCli(sandbox, args, options)).toMatchObject({ code: 0, stderr: 'look here\n' });
  });

  it.concurrent.each(['ssh2', 'openssh'])(
    'about an unknown host key has exactly the text of ssh, over %s',
    async (link) => {
      const results = await Promise.all(
        BOTH.map(async (who) => {
          await using sandbox = createSandbox();
          const sshd = await startSshd(sandbox, { hostKeys: ['ed25519', 'rsa'] });
          const { env, asked } = askpass(sandbox, 'echo yes');
          const line = readFileSync(sshd.knownHosts, 'utf8').split('\n')[1] ?? '';
          const known = sandbox.write('known', `${line.replace(/^\S+/, 'other,10.0.0.1')}\n`);
          const extra = `UserKnownHostsFile ${known}\nStrictHostKeyChecking ask\nHostKeyAlgorithms rsa-sha2-512`;
          const args = ['-F', sshd.config(extra), 'box', 'echo through'];
          const variables = { ...env, SSH_ASKPASS_REQUIRE: 'force', SSH_POOL_LINK: link };
          const { code } = await run(who, sandbox, args, { env: variables, apart: true });
          const mask = (text: string): string =>
            text.replaceAll(String(sshd.port), 'PORT').replace(/SHA256:\S+/, 'FINGERPRINT');
          return { code, asked: mask(asked()) };
        }),
      );
      expect(results[1]).toEqual(results[0]);
      expect(results[0]?.asked).toContain('ROOT/known:1: other,10.0.0.1');
    },
  );

  it('is answered by a program for `sshpool warm`, too', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    lock(sshd, 'open sesame');
    const { env, asked } = askpass(sandbox, PASSPHRASE);
    const options = { env: { ...env, DISPLAY: ':9' }, apart: true };
    const { code, stdout } = await runCli(sandbox, ['warm', '-F', sshd.config(), 'box'], options);
    expect([code, stdout.toString()]).toEqual([0, expect.stringMatching(/^box: connected in/)]);
    expect(asked()).toMatch(/^1\|Enter passphrase for key 'ROOT\S+': \|\n$/);
  });
});
