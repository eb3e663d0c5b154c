/** Passwords and passphrases do not stay in the memory of the agent after the login. */
import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startAskingServer, type Step } from '../reach/asking-server.ts';
import { PROGRAM, runCli } from '../support/cli.ts';
import { lock } from '../support/lock-key.ts';
import { findInMemory } from '../support/memory.ts';
import { descendantsOf } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

/** 96 random characters. */
const aSecret = (): string => randomBytes(72).toString('base64url');

const piecesOf = (secret: string): string[] => secret.match(/.{12}/g) ?? [];

/** The parts of `secret` in the agent's memory after a login over `link` that ends with `status`. */
async function leftAfterLogin(
  sandbox: Sandbox,
  config: string,
  secret: string,
  link: string,
  status = 0,
): Promise<string[]> {
  const program = sandbox.write('askpass', `#!/bin/sh\necho '${secret}'\n`);
  chmodSync(program, 0o700);
  const env = { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', SSH_POOL_LINK: link };
  const { code, stderr } = await runCli(sandbox, ['exec', '-F', config, 'box', 'true'], { env });
  expect({ code, stderr }).toMatchObject({ code: status });
  return findInMemory((await poolStats(sandbox)).pid, piecesOf(secret));
}

const ROWS: readonly (readonly [Step, string])[] = [
  ['password', 'ssh2'],
  ['keyboard-interactive', 'ssh2'],
  ['password', 'openssh'],
  ['keyboard-interactive', 'openssh'],
];

describe.skipIf(process.platform !== 'linux')('after a login the agent has forgotten', () => {
  it.each(ROWS)('the answer for %s over %s', async (step, link) => {
    await using sandbox = createSandbox();
    const secret = aSecret();
    const answers = { password: secret, code: secret };
    const { config } = await startAskingServer(sandbox, [step], answers);
    expect(await leftAfterLogin(sandbox, config, secret, link)).toEqual([]);
  });

  it.each(ROWS)('a wrong answer for %s over %s', async (step, link) => {
    await using sandbox = createSandbox();
    const { config } = await startAskingServer(sandbox, [step]);
    expect(await leftAfterLogin(sandbox, config, aSecret(), link, 255)).toEqual([]);
  });

  it.skipIf(!haveSshd()).each(['ssh2', 'openssh'])('a wrong passphrase over %s', async (link) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    lock(sshd, 'another one');
    expect(await leftAfterLogin(sandbox, sshd.config(), aSecret(), link, 255)).toEqual([]);
  });

  it.skipIf(!haveSshd()).each(['ssh2', 'openssh'])('a passphrase over %s', async (link) => {
    await using sandbox = createSandbox();
    const secret = aSecret();
    const sshd = await startSshd(sandbox);
    lock(sshd, secret);
    expect(await leftAfterLogin(sandbox, sshd.config(), secret, link)).toEqual([]);
  });
});

it.skipIf(process.platform !== 'linux' || !haveTerminals())(
  'after a login the client has forgotten the answer while its command runs',
  async () => {
    await using sandbox = createSandbox();
    const secret = aSecret();
    const { config } = await startAskingServer(sandbox, ['password'], {
      password: secret,
      code: secret,
    });
    const words = [PROGRAM, 'exec', '-F', config, 'box', 'echo in; head -n 1'];
    const terminal = Terminal.run(sandbox, words, { SSH_POOL_LINK: 'ssh2' });
    await terminal.shows("'s password: ");
    terminal.type(`${secret}\r`);
    await terminal.shows('in\r\n');
    // The launcher has passed the answer on; the program that showed the prompt has ended.
    const clients = [terminal.pid, ...descendantsOf(terminal.pid)];
    expect(clients.flatMap((pid) => findInMemory(pid, piecesOf(secret)))).toEqual([]);
    terminal.type('\r');
    expect(await terminal.ended).toBe(0);
  },
);
