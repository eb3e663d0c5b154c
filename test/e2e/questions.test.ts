/** Prompts on /dev/tty of the caller, wherever its standard streams go. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { lock } from '../support/lock-key.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

/** A server that is in no known_hosts; `known` is the file that gets its key. */
async function unknownServer(
  sandbox: Sandbox,
): Promise<{ sshd: Sshd; config: string; known: string }> {
  const sshd = await startSshd(sandbox);
  const known = sandbox.path('known');
  const config = sshd.config(`StrictHostKeyChecking ask\nUserKnownHostsFile ${known}`);
  return { sshd, config, known };
}

/** The command lines of ssh and of sshpool, whose results are compared. */
const BOTH = [['ssh', ['ssh']] as const, ['sshpool', [PROGRAM, 'exec']] as const];

const HOST_KEY = '(yes/no/[fingerprint])? ';

describe.skipIf(!haveSshd() || !haveTerminals())('a prompt', () => {
  it('about an unknown host key is answered at the terminal, and the key is stored', async () => {
    await using sandbox = createSandbox();
    const { config, known } = await unknownServer(sandbox);
    const terminal = Terminal.run(sandbox, [PROGRAM, 'exec', '-F', config, 'box', 'echo through']);
    const code = await terminal.dialogue(
      [HOST_KEY, 'perhaps\r'],
      ["Please type 'yes', 'no' or the fingerprint: ", 'yes\r'],
    );
    expect(terminal.screen).toMatch(/Warning: Permanently added .*\r+\nthrough\r\n$/);
    expect(code).toBe(0);
    expect(readFileSync(known, 'utf8')).toContain('ssh-ed25519');
  });

  it('that is answered with no stores no key and makes no login', async () => {
    await using sandbox = createSandbox();
    const { sshd, config, known } = await unknownServer(sandbox);
    const terminal = Terminal.run(sandbox, [PROGRAM, 'exec', '-F', config, 'box', 'true']);
    expect(await terminal.dialogue([HOST_KEY, 'no\r'])).toBe(255);
    expect(terminal.screen).toContain('Host key verification failed');
    expect(existsSync(known)).toBe(false);
    expect(sshd.logins()).toBe(0);
  });

  it.each(['ssh2', 'openssh'])(
    'over %s for a passphrase does not echo the answer',
    async (link) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const question = lock(sshd, 'open sesame');
      const words = [PROGRAM, 'exec', '-F', sshd.config(), 'box', 'echo through'];
      const terminal = Terminal.run(sandbox, words, { SSH_POOL_LINK: link });
      expect(await terminal.dialogue([question, 'open sesame\r'])).toBe(0);
      expect(terminal.screen).toMatch(/through\r\n$/);
      expect(terminal.screen).not.toContain('sesame');
      expect(readFileSync(sandbox.path('run', 'agent.log'), 'utf8')).not.toContain('sesame');
    },
  );

  it('erases whole characters, also of several bytes', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const question = lock(sshd, 'schlüssel🗝');
    const words = [PROGRAM, 'exec', '-F', sshd.config(), 'box', 'echo through'];
    const terminal = Terminal.run(sandbox, words);
    const typed = 'nonsense\u0015schlüsselß🗝🗝\u007f\u007f\u007f🗝\r';
    expect(await terminal.dialogue([question, typed])).toBe(0);
    expect(terminal.screen.split(question)).toHaveLength(2);
  });

  it.each(BOTH)(
    'of %s takes one line of a paste, and does not answer the next prompt with the second line',
    async (_, words) => {
      await using sandbox = createSandbox();
      const { sshd, config } = await unknownServer(sandbox);
      const question = lock(sshd, 'open sesame');
      const terminal = Terminal.run(sandbox, [...words, '-F', config, 'box', 'echo through']);
      const code = await terminal.dialogue([HOST_KEY, 'yes\rwrong\r'], [question, 'open sesame\r']);
      expect(code).toBe(0);
      expect(terminal.screen.split(question)).toHaveLength(2);
    },
  );

  it.each(BOTH)('of %s is not answered by what was typed before it was shown', async (_, words) => {
    await using sandbox = createSandbox();
    const { config } = await unknownServer(sandbox);
    const gate = sandbox.path('gate');
    execFileSync('mkfifo', [gate]);
    const call = `${words.join(' ')} -F '${config}' box true`;
    const terminal = Terminal.run(sandbox, ['sh', '-c', `echo ready; cat '${gate}'; exec ${call}`]);
    await terminal.shows('ready');
    terminal.type('yes\r');
    await terminal.shows('yes\r\n');
    execFileSync('sh', ['-c', `echo go > '${gate}'`]);
    expect(await terminal.dialogue([HOST_KEY, 'no\r'])).toBe(255);
  });

  describe.each([
    ['a passphrase that is right', ['wrong\r', 'open sesame\r'], 0],
    ['a passphrase that is wrong', ['wrong\r', 'no\r', 'never\r'], 255],
    ['Ctrl-C at a passphrase', ['\u0003'], 130],
  ] as const)('with %s', (_, answers, status) => {
    it.each([['ssh'], [PROGRAM, 'ssh']])('has %s connect to the server once', async (...words) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox, { options: { LogLevel: 'VERBOSE' } });
      const question = lock(sshd, 'open sesame');
      // The unknown host key causes a prompt, too.
      const config = sshd.config('StrictHostKeyChecking ask\nUserKnownHostsFile /dev/null');
      const terminal = Terminal.run(sandbox, [...words, '-F', config, 'box', 'echo through']);
      const asked = answers.map((answer) => [question, answer] as const);
      const code = await terminal.dialogue([HOST_KEY, 'yes\r'], ...asked);
      expect(code).toBe(status);
      expect(terminal.screen.includes('through')).toBe(status === 0);
      expect(sshd.log().match(/^Connection from /gm)).toHaveLength(1);
    });
  });

  it.each(['exec', 'ssh'])('is part of one call of %s at the agent', async (command) => {
    await using sandbox = createSandbox();
    const { sshd, config } = await unknownServer(sandbox);
    const question = lock(sshd, 'open sesame');
    const words = [PROGRAM, command, '-F', config, 'box', 'echo through'];
    const terminal = Terminal.run(sandbox, words, { SSH_POOL_LOG: 'debug' });
    expect(await terminal.dialogue([HOST_KEY, 'yes\r'], [question, 'open sesame\r'])).toBe(0);
    const log = readFileSync(sandbox.path('run', 'agent.log'), 'utf8');
    expect(new Set(log.match(/ call \d+ to box/g))).toEqual(new Set([' call 1 to box']));
    expect(log.match(/connection \d+ to box: none -> connecting/g)).toHaveLength(1);
  });

  it('waits for the prompt before it', async () => {
    await using sandbox = createSandbox();
    const [one, two] = [
      await startSshd(sandbox, { name: 'one' }),
      await startSshd(sandbox, { name: 'two' }),
    ];
    const known = sandbox.path('known');
    const extra = `StrictHostKeyChecking ask\nUserKnownHostsFile ${known}`;
    const config = sandbox.write('both', `${extra}\n${one.hostBlock}\n${two.hostBlock}`);
    const terminal = Terminal.run(sandbox, [PROGRAM, 'warm', '-F', config, 'one', 'two']);
    await terminal.shows(HOST_KEY);
    expect(terminal.screen.split(HOST_KEY)).toHaveLength(2);
    terminal.type('yes\r');
    expect(await terminal.dialogue([HOST_KEY, 'yes\r'])).toBe(0);
    expect(terminal.screen).toMatch(/one: .*\r\n.*two: /);
  });
});
