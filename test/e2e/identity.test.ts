/** A connection serves only calls that would log in with the same keys and over the same route. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Writer } from '../../src/base/bytes.ts';
import { certify, keyAgent, makeKey, publicKeyOf } from '../reach/fixtures.ts';
import { PROGRAM, runCli, runProgram, ssh, type RunOptions } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

/** Whether this user may make a network namespace of its own. */
function canUnshare(): boolean {
  return spawnSync('unshare', ['-n', 'true']).status === 0;
}

/** A server where each key runs its own command, as deploy keys of repositories do. */
async function repositories(sandbox: Sandbox, names: readonly string[]): Promise<Sshd> {
  const lines = names.map(
    (name) => `command="echo ${name}" ${publicKeyOf(makeKey(sandbox, name))}\n`,
  );
  const file = sandbox.write('deploy-keys', lines.join(''));
  return startSshd(sandbox, { options: { AuthorizedKeysFile: file } });
}

/** Options for a certificate that forces a command which prints `name`. */
const force = (name: string): string[] => ['-O', `force-command=echo ${name}`];

/** An ssh_config without the keys that the test server accepts by default. */
function config(sandbox: Sandbox, sshd: Sshd, lines: readonly string[] = []): string {
  const all = [
    ...['Host box', ...lines, 'HostName 127.0.0.1', `Port ${sshd.port}`, 'BatchMode yes'],
    ...[`UserKnownHostsFile ${sshd.knownHosts}`, 'GlobalKnownHostsFile none'],
  ];
  return sandbox.write(`config-${sshd.name}`, `${all.join('\n')}\n`);
}

async function say(
  sandbox: Sandbox,
  words: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { stdout, code } = await runCli(sandbox, ['exec', ...words, 'box', 'x'], options);
  return code === 0 ? stdout.toString().trim() : `status ${code}`;
}

/** A program that connects its standard streams to a port of this machine, after it ran `first`. */
function relay(sandbox: Sandbox, first = ''): string {
  const lines = [
    first,
    "const socket = require('node:net').connect(Number(process.argv[2]), '127.0.0.1');",
    'process.stdin.pipe(socket).pipe(process.stdout);',
  ];
  return `${process.execPath} ${sandbox.write('relay.cjs', lines.join('\n'))}`;
}

/** A call whose key is on its standard input. */
async function fromDescriptor(sandbox: Sandbox) {
  const sshd = await repositories(sandbox, ['repo-a']);
  const more = ['-i', '/dev/fd/0', '-o', 'IdentitiesOnly=yes', 'box', 'x'];
  const stdin = readFileSync(sandbox.path('repo-a'));
  return { words: ['-F', config(sandbox, sshd), ...more], stdin };
}

/** A call with its own known_hosts. */
async function trusting(sandbox: Sandbox, strict: string) {
  const sshd = await startSshd(sandbox);
  const known = sandbox.write('known', readFileSync(sshd.knownHosts, 'utf8'));
  const extra = `UserKnownHostsFile ${known}\nStrictHostKeyChecking ${strict}`;
  const words = ['exec', '-F', sshd.config(extra), 'box', 'true'];
  return { sshd, known, run: () => runCli(sandbox, words) };
}

/** An ssh that knows one more key type, and a known_hosts with a key of this type only. */
function newer(sandbox: Sandbox, sshd: Sshd) {
  const real = execFileSync('sh', ['-c', 'command -v ssh']).toString().trim();
  const script = [
    '#!/bin/sh',
    `if [ "$*" = "-Q key" ]; then ${real} -Q key; echo ssh-new; exit; fi`,
    `exec ${real} "$@"`,
  ];
  chmodSync(sandbox.write('bin/ssh', `${script.join('\n')}\n`), 0o700);
  const blob = new Writer().string('ssh-new').string('a key').finish().toString('base64');
  const known = sandbox.write('known', `[127.0.0.1]:${sshd.port} ssh-new ${blob}\n`);
  const extra = `UserKnownHostsFile ${known}\nStrictHostKeyChecking accept-new`;
  const words = ['exec', '-F', sshd.config(extra), 'box', 'true'];
  return { words, known, PATH: `${sandbox.path('bin')}:${sandbox.env['PATH']}` };
}

describe.skipIf(!haveSshd())('a call logs in with its own keys', () => {
  it('uses another connection if a key file holds another key', async () => {
    await using sandbox = createSandbox();
    const sshd = await repositories(sandbox, ['repo-a', 'repo-b']);
    const deploy = sandbox.path('deploy');
    const words = ['-F', config(sandbox, sshd), '-i', deploy, '-o', 'IdentitiesOnly=yes'];
    const said: string[] = [];
    for (const name of ['repo-a', 'repo-b', 'repo-a']) {
      copyFileSync(sandbox.path(name), deploy);
      said.push(await say(sandbox, words));
    }
    expect(said).toEqual(['repo-a', 'repo-b', 'repo-a']);
    // The third call used the first connection.
    expect(sshd.logins()).toBe(2);
  });

  it('does not reuse a login during which a key file was replaced', async () => {
    await using sandbox = createSandbox();
    const sshd = await repositories(sandbox, ['repo-a', 'repo-b']);
    const deploy = sandbox.path('deploy');
    const files = [sandbox.path('repo-b'), deploy].map((path) => JSON.stringify(path));
    const proxy = `${relay(sandbox, `require('node:fs').copyFileSync(${files.join()});`)} %p`;
    const words = ['-F', config(sandbox, sshd, [`ProxyCommand ${proxy}`]), '-i', deploy];
    copyFileSync(sandbox.path('repo-a'), deploy);
    // ssh2, like ssh, reads the key file when the proxy already runs.
    expect(await say(sandbox, words)).toBe('repo-b');
    copyFileSync(sandbox.path('repo-a'), deploy);
    await say(sandbox, words);
    expect(sshd.logins()).toBe(2);
  });

  it('is denied if the key file was removed, as with ssh', async () => {
    await using sandbox = createSandbox();
    const sshd = await repositories(sandbox, ['repo-a']);
    const deploy = sandbox.path('deploy');
    copyFileSync(sandbox.path('repo-a'), deploy);
    const words = ['-F', config(sandbox, sshd), '-i', deploy, '-o', 'IdentitiesOnly=yes'];
    expect(await say(sandbox, words)).toBe('repo-a');
    rmSync(deploy);
    expect(await say(sandbox, words)).toBe('status 255');
  });

  it('uses the same connection if a key file was rewritten unchanged', async () => {
    await using sandbox = createSandbox();
    const sshd = await repositories(sandbox, ['repo-a']);
    const words = ['-F', config(sandbox, sshd), '-i', sandbox.path('repo-a')];
    await say(sandbox, words);
    copyFileSync(sandbox.path('repo-a'), sandbox.path('copy'));
    writeFileSync(sandbox.path('repo-a'), readFileSync(sandbox.path('copy')));
    expect(await say(sandbox, words)).toBe('repo-a');
    expect(sshd.logins()).toBe(1);
  });

  it('uses another connection if a certificate was renewed', async () => {
    await using sandbox = createSandbox();
    const [ca, key] = [makeKey(sandbox, 'ca'), makeKey(sandbox, 'key')];
    const trusted = sandbox.write('ca-keys', `${publicKeyOf(ca)}\n`);
    const sshd = await startSshd(sandbox, {
      options: { TrustedUserCAKeys: trusted, AuthorizedKeysFile: 'none' },
    });
    const words = ['-F', config(sandbox, sshd), '-i', key];
    certify(ca, key, sshd.user, force('before'));
    expect(await say(sandbox, words)).toBe('before');
    certify(ca, key, sshd.user, force('after'));
    expect(await say(sandbox, words)).toBe('after');
  });

  it('uses another connection if the key agent holds other keys', async () => {
    await using sandbox = createSandbox();
    const sshd = await repositories(sandbox, ['repo-a', 'repo-b']);
    const socket = await keyAgent(sandbox, [sandbox.path('repo-a')]);
    const env = { SSH_AUTH_SOCK: socket };
    const add = (...words: string[]): unknown =>
      execFileSync('ssh-add', ['-q', ...words], {
        env: { ...sandbox.env, ...env },
        stdio: 'ignore',
      });
    const words = ['-F', config(sandbox, sshd, ['IdentityFile none'])];
    expect(await say(sandbox, words, { env })).toBe('repo-a');
    add('-D');
    expect(await say(sandbox, words, { env })).toBe('status 255');
    add(sandbox.path('repo-b'));
    expect(await say(sandbox, words, { env })).toBe('repo-b');
  });

  it('offers a certificate that is in FILE.pub, as ssh does', async () => {
    await using sandbox = createSandbox();
    const [ca, key] = [makeKey(sandbox, 'ca'), makeKey(sandbox, 'key')];
    const trusted = sandbox.write('ca-keys', `${publicKeyOf(ca)}\n`);
    const sshd = await startSshd(sandbox, {
      options: { TrustedUserCAKeys: trusted, AuthorizedKeysFile: 'none' },
    });
    const certificate = certify(ca, key, sshd.user, ['-O', 'force-command=echo certified']);
    copyFileSync(certificate, `${key}.pub`);
    rmSync(certificate);
    const words = ['-F', config(sandbox, sshd), '-i', key];
    const real = await ssh(sandbox, [...words, 'box', 'x']);
    expect(real.stdout.toString()).toBe('certified\n');
    expect(await say(sandbox, words, { env: { SSH_POOL_LINK: 'ssh2' } })).toBe('certified');
  });

  it('does not sign with a key that does not match FILE.pub, as ssh', async () => {
    await using sandbox = createSandbox();
    const sshd = await repositories(sandbox, ['repo-a', 'repo-b']);
    copyFileSync(sandbox.path('repo-b.pub'), sandbox.path('repo-a.pub'));
    const words = ['-F', config(sandbox, sshd), '-i', sandbox.path('repo-a')];
    const real = await ssh(sandbox, [...words, 'box', 'x']);
    const ours = await runCli(sandbox, ['exec', ...words, 'box', 'x']);
    expect([real.code, ours.code]).toEqual([255, 255]);
    expect(ours.stderr).toContain('is not the private key of');
  });

  it.each(['exec', 'ssh'])(
    '%s runs the real ssh for a key in a file descriptor of the caller',
    async (name) => {
      await using sandbox = createSandbox();
      const { words, stdin } = await fromDescriptor(sandbox);
      const ours = await runCli(sandbox, [name, ...words], { stdin });
      const real = await ssh(sandbox, words, { stdin });
      expect(ours.stderr).toBe(real.stderr);
    },
  );
});

describe.skipIf(!haveSshd())('a call trusts its own known_hosts', () => {
  it('refuses a host whose line has changed', async () => {
    await using sandbox = createSandbox();
    const { sshd, known, run } = await trusting(sandbox, 'yes');
    expect((await run()).code).toBe(0);
    const other = publicKeyOf(makeKey(sandbox, 'other'));
    writeFileSync(known, `[127.0.0.1]:${sshd.port} ${other}\n`);
    const done = await run();
    expect(done.code).toBe(255);
    expect(done.stderr).toContain('is not the one in');
  });

  it('refuses a host whose line was removed', async () => {
    await using sandbox = createSandbox();
    const { known, run } = await trusting(sandbox, 'yes');
    expect((await run()).code).toBe(0);
    writeFileSync(known, '');
    expect((await run()).stderr).toContain('Host key verification failed');
  });

  it('refuses a host whose key was revoked', async () => {
    await using sandbox = createSandbox();
    const { known, run } = await trusting(sandbox, 'yes');
    expect((await run()).code).toBe(0);
    appendFileSync(known, readFileSync(known, 'utf8').replace(/^\S+/, '@revoked *'));
    expect((await run()).stderr).toContain('marked as revoked');
  });

  it('uses the connection if a line of another host was added', async () => {
    await using sandbox = createSandbox();
    const { sshd, known, run } = await trusting(sandbox, 'yes');
    await run();
    appendFileSync(known, `elsewhere ${publicKeyOf(makeKey(sandbox, 'other'))}\n`);
    expect((await run()).code).toBe(0);
    expect(sshd.logins()).toBe(1);
  });

  it.each(['auto', 'openssh'])(
    'uses the connection that made the host known, over the link %s',
    async (link) => {
      await using sandbox = createSandbox();
      const sshd = await startSshd(sandbox);
      const extra = `UserKnownHostsFile ${sandbox.path('new')}\nStrictHostKeyChecking accept-new`;
      const words = ['exec', '-F', sshd.config(extra), 'box', 'true'];
      const env = { SSH_POOL_LINK: link };
      for (let i = 0; i < 3; i++) expect((await runCli(sandbox, words, { env })).code).toBe(0);
      expect(sshd.logins()).toBe(1);
    },
  );

  it('refuses a changed line over the link openssh, too', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const known = sandbox.write('known', readFileSync(sshd.knownHosts, 'utf8'));
    const words = ['exec', '-F', sshd.config(`UserKnownHostsFile ${known}`), 'box', 'true'];
    const env = { SSH_POOL_LINK: 'openssh' };
    expect((await runCli(sandbox, words, { env })).code).toBe(0);
    const other = publicKeyOf(makeKey(sandbox, 'other'));
    writeFileSync(known, `[127.0.0.1]:${sshd.port} ${other}\n`);
    expect((await runCli(sandbox, words, { env })).code).toBe(255);
  });

  it('uses one connection for all calls if no file can store the host key', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const extra = 'UserKnownHostsFile /dev/null\nStrictHostKeyChecking no';
    const words = ['exec', '-F', sshd.config(extra), 'box', 'true'];
    for (let i = 0; i < 3; i++) expect((await runCli(sandbox, words)).code).toBe(0);
    expect(sshd.logins()).toBe(1);
  });
});

describe.skipIf(!haveSshd())('a call uses its own route', () => {
  it('uses another connection if the jump host has changed', async () => {
    await using sandbox = createSandbox();
    const [box, one, two] = [
      await startSshd(sandbox),
      await startSshd(sandbox, { name: 'one' }),
      await startSshd(sandbox, { name: 'two' }),
    ];
    const write = (jump: Sshd): string =>
      sandbox.write(
        'config',
        [`Host box\n ProxyJump hop`, jump.hostBlock.replace(/Host \S+/, 'Host hop')]
          .concat(box.hostBlock)
          .join('\n'),
      );
    const words = ['exec', '-F', write(one), 'box', 'true'];
    expect((await runCli(sandbox, words)).code).toBe(0);
    write(two);
    expect((await runCli(sandbox, words)).code).toBe(0);
    expect([one.logins(), two.logins(), box.logins()]).toEqual([1, 1, 2]);
  });

  it('runs the proxy program again if it was edited', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const [log, program] = [sandbox.path('log'), sandbox.path('proxy')];
    const script = (name: string): string =>
      ['#!/bin/sh', `echo ${name} >> ${log}`, `exec ${relay(sandbox)} ${sshd.port}`, ''].join('\n');
    const words = [
      'exec',
      '-F',
      sshd.config(`ProxyCommand ${program} --log ${log}`),
      'box',
      'true',
    ];
    for (const name of ['one', 'one', 'two']) {
      writeFileSync(program, script(name), { mode: 0o700 });
      expect((await runCli(sandbox, words)).code).toBe(0);
    }
    // A change of the log, which is an argument too, does not count.
    expect(readFileSync(log, 'utf8')).toBe('one\ntwo\n');
  });

  it('refuses a jump host whose known key has changed, also if its connection is open', async () => {
    await using sandbox = createSandbox();
    const [box, hop] = [await startSshd(sandbox), await startSshd(sandbox, { name: 'hop' })];
    const known = sandbox.write('hop-known', readFileSync(hop.knownHosts, 'utf8'));
    const lines = [
      `Host hop`,
      ` UserKnownHostsFile ${known}`,
      hop.hostBlock,
      'Host box',
      ' ProxyJump hop',
    ];
    const words = [
      '-F',
      sandbox.write('config', [...lines, box.hostBlock].join('\n')),
      'box',
      'true',
    ];
    const run = () => runCli(sandbox, ['exec', ...words]);
    expect((await run()).code).toBe(0);
    writeFileSync(known, `# a comment\n${readFileSync(known, 'utf8')}`);
    expect([(await run()).code, box.logins()]).toEqual([0, 1]);
    const other = publicKeyOf(makeKey(sandbox, 'other'));
    writeFileSync(known, `[127.0.0.1]:${hop.port} ${other}\n`);
    expect((await ssh(sandbox, words)).code).toBe(255);
    const refused = await run();
    expect(refused.code).toBe(255);
    expect(refused.stderr).toContain('verification failed');
  });

  it.each([
    ['exec', 255, /^sshpool: LD_PRELOAD is set, .*unset it/m],
    ['ssh', 0, /^/],
  ])('%s with LD_PRELOAD does not use the agent', async (command, status, words) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['-F', sshd.config(), 'box', 'true'];
    expect((await runCli(sandbox, ['exec', ...args])).code).toBe(0);
    const env = { LD_PRELOAD: '/lib/none.so' };
    const done = await runCli(sandbox, [command, ...args], { env });
    expect(done.code).toBe(status);
    expect(done.stderr).toMatch(words);
    expect((await poolStats(sandbox)).totals.poolHits).toBe(0);
  });

  it.skipIf(!canUnshare()).each([
    ['exec', 'another network namespace than the agent'],
    ['ssh', 'Network is unreachable'],
  ])('%s from another network namespace does not leave it', async (command, words) => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const args = ['-F', sshd.config(), 'box', 'true'];
    expect((await runCli(sandbox, ['exec', ...args])).code).toBe(0);
    const done = await runProgram(sandbox, ['unshare', '-n', PROGRAM, command, ...args]);
    expect(done.code).toBe(255);
    expect(done.stderr).toContain(words);
    expect((await poolStats(sandbox)).totals.poolHits).toBe(0);
  });

  it('resolves the host name for each call with SSH_POOL_FOLLOW_ADDRESSES', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const words = ['exec', '-F', sshd.config(), 'box', 'true'];
    const env = { SSH_POOL_FOLLOW_ADDRESSES: 'true' };
    for (let i = 0; i < 2; i++) expect((await runCli(sandbox, words, { env })).code).toBe(0);
    expect(sshd.logins()).toBe(1);
  });
});

describe.skipIf(!haveSshd())('a host whose known key has a type that only ssh can read', () => {
  it('is verified by OpenSSH', async () => {
    await using sandbox = createSandbox();
    const { words, PATH } = newer(sandbox, await startSshd(sandbox));
    await runCli(sandbox, words, { env: { PATH } });
    const [connection] = (await poolStats(sandbox)).connections;
    // The real ssh does not know the type, and treats the host as new.
    expect(connection?.linkReason).toBe('the host is known by a key of type ssh-new');
  });

  it('counts as changed if it offers another key over ssh2', async () => {
    await using sandbox = createSandbox();
    const { words, known, PATH } = newer(sandbox, await startSshd(sandbox));
    const before = readFileSync(known, 'utf8');
    const done = await runCli(sandbox, words, { env: { PATH, SSH_POOL_LINK: 'ssh2' } });
    expect(done.code).toBe(255);
    expect(done.stderr).toContain('is not the one in');
    expect(readFileSync(known, 'utf8')).toBe(before);
  });

  it('counts as new if the installed ssh does not know the type', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const { words } = newer(sandbox, sshd);
    expect((await runCli(sandbox, words)).code).toBe(0);
  });
});
