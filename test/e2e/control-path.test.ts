/** ControlMaster, LocalCommand, -q, -E and -v, compared with ssh (cases 5 to 8). */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, ssh, type Result } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { poolStats } from '../support/stats.ts';

type Run = (args: readonly string[]) => Promise<Result>;

interface Both {
  readonly sandbox: Sandbox;
  readonly sshd: Sshd;
  /** `sshpool ssh`, and the real ssh. */
  readonly ours: Run;
  readonly theirs: Run;
  readonly exec: Run;
}

async function both(
  sandbox: Sandbox,
  options: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Both> {
  const sshd = await startSshd(sandbox, { options });
  const config = ['-F', sshd.config()];
  return {
    sandbox,
    sshd,
    ours: (args) => runCli(sandbox, ['ssh', ...config, ...args], { env }),
    theirs: (args) => ssh(sandbox, [...config, ...args]),
    exec: (args) => runCli(sandbox, ['exec', ...config, ...args]),
  };
}

/** A ProxyCommand that writes to standard error. */
const PROXY = `
  import { connect } from 'node:net';
  const [, , host, port] = process.argv;
  process.stderr.write('\\n \\u001b[1mon\\rthe\\n\\nway');
  process.stdin.pipe(connect({ host, port })).pipe(process.stdout);
`;

const seen = ({ code, stdout, stderr }: Result) => ({
  code,
  stdout: stdout.toString(),
  stderr: stderr.replace(/pid=\d+/, 'pid=N'),
});

const AUTO = ['-o', 'ControlMaster=auto', '-o', 'ControlPersist=60'];

/** A ControlMaster of the real ssh; it ends with the sandbox. */
async function openMaster({ sandbox, theirs }: Both): Promise<string> {
  const path = sandbox.path('cm');
  await theirs(['-MNf', '-S', path, '-o', 'ControlPersist=60', 'box']);
  sandbox.defer(async () => void (await theirs(['-S', path, '-O', 'exit', 'box'])));
  return path;
}

describe.skipIf(!haveSshd())('a master of ssh at ControlPath', () => {
  it.each(['ours', 'exec'] as const)('serves the call (%s) without another login', async (who) => {
    await using sandbox = createSandbox();
    const world = await both(sandbox);
    const path = await openMaster(world);
    const before = world.sshd.logins();
    const { code, stdout } = await world[who]([
      '-o',
      `ControlPath=${path}`,
      'box',
      'echo hi; exit 3',
    ]);
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 3, stdout: 'hi\n' });
    expect(world.sshd.logins()).toBe(before);
  });

  it('that was killed is not used', async () => {
    await using sandbox = createSandbox();
    const world = await both(sandbox);
    const path = await openMaster(world);
    await world.sshd.restart();
    const { code, stderr } = await world.exec(['-o', `ControlPath=${path}`, 'box', 'exit 3']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  });

  it('does not serve a call with ControlPath none', async () => {
    await using sandbox = createSandbox();
    const { sshd, ours, exec } = await both(sandbox);
    await exec(['box', 'true']);
    const before = sshd.logins();
    expect((await ours(['-o', 'ControlPath=none', 'box', 'exit 3'])).code).toBe(3);
    expect((await ours(['-S', 'none', 'box', 'exit 4'])).code).toBe(4);
    expect((await exec(['-o', 'ControlPath none', 'box', 'exit 5'])).code).toBe(5);
    expect(sshd.logins()).toBe(before + 3);
  });
});

describe.skipIf(!haveSshd())('ControlMaster', () => {
  it.each(['check', 'stop', 'exit'])('gives the same answers as ssh: -O %s', async (order) => {
    await using sandbox = createSandbox();
    const { ours, theirs } = await both(sandbox);
    const run = async (who: Run, path: string) => {
      const first = await who([...AUTO, '-S', sandbox.path(path), 'box', 'echo hi']);
      const asked = await who(['-S', sandbox.path(path), '-O', order, 'box']);
      const after = await who(['-S', sandbox.path(path), '-O', 'exit', 'anything']);
      const gone = await who(['-S', sandbox.path(path), '-O', 'check', 'box']);
      const named = gone.stderr.replaceAll(sandbox.path(path), 'PATH');
      return [seen(first), seen(asked), after.code, { ...seen(gone), stderr: named }];
    };
    const expected = await run(theirs, 'theirs');
    expect(await run(ours, 'ours')).toEqual(expected);
  });

  it('has its own pooled connection, and -O exit closes only that one', async () => {
    await using sandbox = createSandbox();
    const { ours } = await both(sandbox);
    await ours(['box', 'true']);
    await ours([...AUTO, '-S', sandbox.path('cm'), 'box', 'true']);
    expect((await poolStats(sandbox)).connections).toHaveLength(2);
    await ours(['-S', sandbox.path('cm'), '-O', 'exit', 'box']);
    expect((await poolStats(sandbox)).connections).toHaveLength(1);
  });

  it('without ControlPersist ends with its last call, as with ssh', async () => {
    await using sandbox = createSandbox();
    const { ours, theirs } = await both(sandbox);
    const run = async (who: Run) => {
      await who(['-o', 'ControlMaster=auto', '-S', sandbox.path('cm'), 'box', 'true']);
      return seen(await who(['-S', sandbox.path('cm'), '-O', 'check', 'box']));
    };
    expect(await run(ours)).toEqual(await run(theirs));
  });
});

describe.skipIf(!haveSshd())('LocalCommand', () => {
  const words = [
    '-o',
    'PermitLocalCommand=yes',
    '-o',
    'LocalCommand=echo started',
    'box',
    'echo ran',
  ];

  it('runs at each call and writes to the output of the call, as with ssh', async () => {
    await using sandbox = createSandbox();
    const { ours, theirs, exec } = await both(sandbox);
    const expected = seen(await theirs(words));
    expect(expected.stdout).toContain('started');
    expect(seen(await ours(words))).toEqual(expected);
    expect(seen(await ours(words))).toEqual(expected);
    expect(seen(await exec(words))).toEqual(expected);
  });

  it('keeps the --timeout of exec, and makes exec --json fail with a message', async () => {
    await using sandbox = createSandbox();
    const { exec } = await both(sandbox);
    const limited = await exec(['--timeout', '1s', ...words.slice(0, -1), 'sleep 2']);
    expect(limited.code).toBe(124);
    const json = await exec(['--json', ...words]);
    expect(json.stderr).toContain('only ssh can do LocalCommand');
    expect(json.code).toBe(255);
  });
});

/** A server whose banner has no final line end, behind a ProxyCommand that writes to standard error. */
async function amongWords(sandbox: Sandbox, link: string) {
  // Over the openssh link, CRLF is taken for the line end of ssh's own log.
  const end = link === 'openssh' ? '\n' : '\r\n';
  const Banner = sandbox.write('banner', `Beware${end}${end}of the dog`);
  const world = await both(sandbox, { Banner }, { SSH_POOL_LINK: link });
  const proxy = `ProxyCommand=${process.execPath} ${sandbox.write('proxy.mjs', PROXY)} %h %p`;
  const run = async (who: 'ours' | 'theirs', words: readonly string[]) =>
    seen(await world[who]([...words, '-o', proxy, 'box', 'echo out; echo err >&2']));
  return { run };
}

describe.skipIf(!haveSshd())('ssh -q', () => {
  it('hides the banner, but not the output of a ProxyCommand', async () => {
    await using sandbox = createSandbox();
    const { run } = await amongWords(sandbox, 'auto');
    const expected = await run('theirs', ['-q']);
    expect(expected.stderr).toBe('\n \u001b[1mon\rthe\n\nwayerr\n');
    expect(await run('ours', ['-q'])).toEqual(expected);
  });
});

describe.skipIf(!haveSshd())('the messages of the ssh to a jump host', () => {
  it.each([[[]], [['-q']], [['-E']]])('stay on standard error, as with ssh: %j', async (words) => {
    await using sandbox = createSandbox();
    const Banner = sandbox.write('banner', 'Beware of the hop\n');
    const hop = await startSshd(sandbox, { name: 'hop', options: { Banner } });
    const known = sandbox.path('unknown');
    const fresh = `UserKnownHostsFile ${known}\nStrictHostKeyChecking accept-new`;
    const blocks = `Host hop\n${fresh}\n${hop.hostBlock}\nHost box\nProxyJump hop`;
    const sshd = await startSshd(sandbox);
    const config = sshd.config(blocks);
    const run = async (log: string, who: (args: string[]) => Promise<Result>) => {
      rmSync(known, { force: true });
      const file = sandbox.write(log, '');
      const options = words.flatMap((word) => (word === '-E' ? [word, file] : [word]));
      const result = await who(['-F', config, ...options, 'box', 'echo err >&2']);
      return { ...seen(result), log: readFileSync(file, 'utf8') };
    };
    const theirs = await run('theirs', (args) => ssh(sandbox, args));
    expect(theirs.stderr).toMatch(/^Warning: Permanently added .*\r\nBeware of the hop\nerr\n$/);
    expect(await run('ours', (args) => runCli(sandbox, ['ssh', ...args]))).toEqual(theirs);
  });
});

describe.skipIf(!haveSshd())('ssh -E', () => {
  it('writes the messages of a pooled call to the file', async () => {
    await using sandbox = createSandbox();
    const { ours, theirs } = await both(sandbox);
    const run = async (who: Run, log: string) => {
      const file = sandbox.path(log);
      appendFileSync(file, 'before\n');
      // ssh itself reports that it allocates no pseudo-terminal.
      const result = await who(['-E', file, '-t', 'box', 'echo out; echo err >&2; exit 3']);
      return { ...seen(result), log: readFileSync(file, 'utf8') };
    };
    const expected = await run(theirs, 'theirs');
    expect(expected.log).toContain('Pseudo-terminal will not be allocated');
    expect(await run(ours, 'ours')).toEqual(expected);
    expect((await poolStats(sandbox)).connections).toHaveLength(1);
  });

  it.each(['ssh2', 'openssh'])(
    'leaves a banner and the output of a ProxyCommand on standard error, over %s',
    async (link) => {
      await using sandbox = createSandbox();
      const { run } = await amongWords(sandbox, link);
      const expected = await run('theirs', ['-E', sandbox.path('theirs')]);
      expect(expected.stderr).toMatch(/\rthe\n\nwayBeware\r?\n\r?\nof the dogerr\n$/);
      expect(await run('ours', ['-E', sandbox.path('ours')])).toEqual(expected);
      const logs = ['ours', 'theirs'].map((log) => readFileSync(sandbox.path(log), 'utf8'));
      expect(logs).toEqual(['', '']);
    },
  );

  it('writes failures to the file', async () => {
    await using sandbox = createSandbox();
    const { ours, theirs } = await both(sandbox);
    const run = async (who: Run, log: string) => {
      const file = sandbox.path(log);
      const words = ['-E', file, '-p', '1', '-o', 'ConnectTimeout=5', 'box', 'true'];
      return { ...seen(await who(words)), log: readFileSync(file, 'utf8') };
    };
    expect(await run(ours, 'ours')).toEqual(await run(theirs, 'theirs'));
  });

  it('fails as ssh does if the file cannot be opened, and runs nothing', async () => {
    await using sandbox = createSandbox();
    const { ours, theirs } = await both(sandbox);
    const words = ['-E', sandbox.path('no', 'where'), 'box', `touch ${sandbox.path('ran')}`];
    expect(seen(await ours(words))).toEqual(seen(await theirs(words)));
    expect(existsSync(sandbox.path('ran'))).toBe(false);
  });
});

describe.skipIf(!haveSshd())('ssh -v', () => {
  it.each([['-v'], ['-o', 'LogLevel=DEBUG1'], ['-o', 'LogLevel=VERBOSE']])(
    'runs the real ssh: %s %s',
    async (...option) => {
      await using sandbox = createSandbox();
      const { ours } = await both(sandbox);
      const { stderr } = await ours([...option.filter(Boolean), 'box', 'true']);
      expect(stderr).toMatch(/Authenticated to/);
    },
  );
});
