/** The instruction of a keyboard-interactive login (RFC 4256 section 3.2), compared with the installed ssh. */
import { readFileSync, writeFileSync } from 'node:fs';
import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { generateKey } from '../../demo/embedded-server.js';
import { loginAt, makeKey, serverWithKeys } from '../reach/fixtures.ts';
import { runCli, ssh, type Result } from '../support/cli.ts';
import { hostBlockOf } from '../support/host-block.ts';
import { startLoopback } from '../support/loopback.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd } from '../support/sshd.ts';

/** A server that sends an instruction and no prompts, and accepts every user. */
async function start(sandbox: Sandbox): Promise<string> {
  const key = generateKey();
  const server = new ssh2.Server({ hostKeys: [key.private] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive')
        return context.reject(['keyboard-interactive']);
      context.prompt([], 'One thing', 'It is\n\nthe only one.\n', () => context.accept());
    });
    connection.on('session', (accept) =>
      accept().on('exec', (acceptExec) => {
        const channel = acceptExec();
        channel.exit(3);
        channel.end();
      }),
    );
  });
  const { port } = await startLoopback(sandbox, (socket) => server.injectSocket(socket));
  const knownHosts = sandbox.write('known', `[127.0.0.1]:${port} ${key.public}\n`);
  const block = hostBlockOf({ name: 'box', port, user: 'any', identities: [], knownHosts });
  return sandbox.write('config', `${block}\n  BatchMode no\n`);
}

it.each([[[]], [['-q']], [['-E']]])('the instruction is printed as by ssh %j', async (words) => {
  await using sandbox = createSandbox();
  const config = await start(sandbox);
  const run = async (log: string, who: (args: string[]) => Promise<Result>) => {
    const file = sandbox.write(log, '');
    const options = words.flatMap((word) => (word === '-E' ? [word, file] : [word]));
    const { code, stderr } = await who(['-F', config, ...options, 'box', 'true']);
    return { code, stderr, log: readFileSync(file, 'utf8') };
  };
  const theirs = await run('theirs', (args) => ssh(sandbox, args));
  expect(theirs.code).toBe(3);
  expect(await run('ours', (args) => runCli(sandbox, ['ssh', ...args]))).toEqual(theirs);
});

it.skipIf(!haveSshd())(
  'a banner is printed once, also if a login over ssh2 is left to OpenSSH',
  async () => {
    await using sandbox = createSandbox();
    const Banner = sandbox.write('banner', 'Beware\n\nof the dog\n');
    const key = makeKey(sandbox, 'key');
    const sshd = await serverWithKeys(sandbox, [key], { Banner });
    // The server knows its public key, but no client can sign with it.
    writeFileSync(key, '-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n');
    const { args } = loginAt(sshd, `IdentityFile ${key}\nIdentitiesOnly yes`);
    const theirs = await ssh(sandbox, args);
    expect(theirs.stderr).toMatch(/^Beware\n\nof the dog\nLoad key [^]*Permission denied/);
    const ours = await runCli(sandbox, ['ssh', ...args]);
    expect([ours.code, ours.stderr]).toEqual([theirs.code, theirs.stderr]);
  },
);
