/** `sshpool setup` and --undo, in homes of bash, zsh and fish. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PROGRAM, runCli, runProgram, type Result } from '../support/cli.ts';
import { exitingAgent } from '../support/fake-agent.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

/** Each path below a directory, with its mode and what is in it. */
function tree(directory: string, below = ''): string[] {
  return readdirSync(join(directory, below)).flatMap((name) => {
    const path = join(below, name);
    const full = join(directory, path);
    const stats = lstatSync(full);
    const what = stats.isSymbolicLink()
      ? readlinkSync(full)
      : stats.isFile()
        ? createHash('sha256').update(readFileSync(full)).digest('hex')
        : '';
    const line = `${path} ${stats.mode.toString(8)} ${what}`;
    return stats.isDirectory() ? [line, ...tree(directory, path)] : [line];
  });
}

const OUTPUT = z.object({ done: z.array(z.unknown()), advice: z.array(z.unknown()) });

const have = (program: string): boolean => existsSync(join('/usr/bin', program));

/** A home with ~/.local/bin first in PATH, and a login shell. */
function home(sandbox: Sandbox, shell = 'bash'): { readonly env: Record<string, string> } {
  const own = join(sandbox.home, '.local', 'bin');
  mkdirSync(own, { recursive: true, mode: 0o755 });
  symlinkSync(PROGRAM, join(own, 'sshpool'));
  writeFileSync(join(sandbox.home, 'notes.txt'), 'the own file of the user');
  return { env: { SHELL: `/usr/bin/${shell}`, PATH: `${own}:${sandbox.env['PATH'] ?? ''}` } };
}

/** A home whose user has a systemd; `then` is what its systemctl does after it has noted its words. */
function systemd(sandbox: Sandbox, then = ''): { options: object; called: () => string[] } {
  const { env } = home(sandbox);
  sandbox.write('runtime/systemd/private', '');
  const log = sandbox.path('called');
  const text = `#!/bin/sh\necho "$*" >> ${log}\n${then}\n`;
  chmodSync(sandbox.write('home/.local/bin/systemctl', text), 0o755);
  return {
    options: { env: { ...env, XDG_RUNTIME_DIR: sandbox.path('runtime') } },
    called: () => readFileSync(log, 'utf8').trim().split('\n'),
  };
}

const setup = (sandbox: Sandbox, options: object, ...words: string[]): Promise<Result> =>
  runCli(sandbox, ['setup', ...words], options);

const bashCompletion = '.local/share/bash-completion/completions/sshpool';
const manPage = '.local/share/man/man1/sshpool.1';

describe('sshpool setup', () => {
  it.each(['bash', 'zsh', 'fish'])('and --undo leave a home of %s as it was', async (shell) => {
    await using sandbox = createSandbox();
    const options = home(sandbox, shell);
    const before = tree(sandbox.home);
    const done = await setup(sandbox, options, '--yes', '--ssh');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(tree(sandbox.home).length).toBeGreaterThan(before.length + 3);
    const undone = await setup(sandbox, options, '--undo', '--yes');
    expect(undone).toMatchObject({ code: 0, stderr: '' });
    expect(tree(sandbox.home)).toEqual(before);
  });

  it('a second time changes nothing, and says so', async () => {
    await using sandbox = createSandbox();
    const options = home(sandbox);
    await setup(sandbox, options, '--yes');
    const before = tree(sandbox.home);
    const again = await setup(sandbox, options, '--yes');
    expect(again.stdout.toString()).toMatch(/^~\/\.local\S+ +is there$/m);
    expect(tree(sandbox.home)).toEqual(before);
  });

  it('makes a file of an older version anew, and leaves one that was changed', async () => {
    await using sandbox = createSandbox();
    const options = home(sandbox);
    await setup(sandbox, options, '--yes');
    const [completion, page] = [bashCompletion, manPage].map((path) => join(sandbox.home, path));
    writeFileSync(page ?? '', 'my own');
    const record = join(sandbox.home, '.local/state/sshpool/setup.json');
    const old = createHash('sha256').update('old').digest('hex');
    const now = createHash('sha256')
      .update(readFileSync(completion ?? ''))
      .digest('hex');
    writeFileSync(completion ?? '', 'old');
    writeFileSync(record, readFileSync(record, 'utf8').replace(now, old));
    const again = await setup(sandbox, options, '--yes');
    expect(again.code).toBe(255);
    expect(again.stdout.toString()).toMatch(/bash-completion\S+ +made anew$/m);
    expect(again.stdout.toString()).toMatch(/sshpool\.1 +NOT MADE: something else is there$/m);
    const undone = await setup(sandbox, options, '--undo', '--yes');
    expect(undone.stdout.toString()).toMatch(/sshpool\.1 +left alone: /);
    expect(readFileSync(page ?? '', 'utf8')).toBe('my own');
    expect(existsSync(completion ?? '')).toBe(false);
  });

  it('with --ssh makes ssh be sshpool', async () => {
    await using sandbox = createSandbox();
    const options = home(sandbox);
    await setup(sandbox, options, '--yes', '--ssh');
    const { commands } = await exitingAgent(sandbox);
    const done = await runProgram(sandbox, ['/bin/sh', '-c', 'ssh box true'], options);
    expect([done.code, commands]).toEqual([3, ['ssh']]);
    // Its own link does not count as the real ssh.
    const again = await setup(sandbox, options, '--yes', '--ssh', '--json');
    const { done: steps } = OUTPUT.parse(JSON.parse(again.stdout.toString()));
    const link = { path: join(sandbox.home, '.local/bin/ssh'), what: 'sshpool as ssh' };
    expect(steps).toContainEqual({ ...link, outcome: 'unchanged' });
  });

  it('with --service makes units that systemd reads, and --undo takes them back', async () => {
    await using sandbox = createSandbox();
    const { options, called } = systemd(sandbox);
    const before = tree(sandbox.home);
    expect(await setup(sandbox, options, '--yes', '--service')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(called()).toEqual([
      '--user daemon-reload',
      '--user stop sshpool.socket',
      '--user start sshpool.socket',
    ]);
    const units = join(sandbox.home, '.config/systemd/user');
    expect(readFileSync(join(units, 'sshpool.socket'), 'utf8')).toContain(
      `\nListenStream=${sandbox.paths.service}\n`,
    );
    const service = readFileSync(join(units, 'sshpool.service'), 'utf8');
    expect(service).toContain(`\nExecStart=/usr/bin/env "${PROGRAM}" "agent" "run"\n`);
    expect(service).toContain(`\nEnvironment="SSH_POOL_RUNTIME_DIR=${sandbox.run}"\n`);
    expect(readlinkSync(join(units, 'sockets.target.wants/sshpool.socket'))).toBe(
      join(units, 'sshpool.socket'),
    );
    await setup(sandbox, options, '--undo', '--yes');
    expect(called().slice(3)).toEqual(['--user stop sshpool.socket', '--user daemon-reload']);
    expect(tree(sandbox.home)).toEqual(before);
  });

  it('with --service says what systemctl says, and keeps what was made', async () => {
    await using sandbox = createSandbox();
    const { options } = systemd(sandbox, 'echo "Failed to connect to bus" >&2; exit 1');
    const done = await setup(sandbox, options, '--yes', '--service');
    expect(done.code).toBe(255);
    expect(done.stdout.toString()).toMatch(
      /^systemctl --user start sshpool\.socket: failed: Failed to connect to bus$/m,
    );
    expect(existsSync(join(sandbox.home, '.config/systemd/user/sshpool.socket'))).toBe(true);
  });

  it('with --service starts nothing where a unit of the user is in the way', async () => {
    await using sandbox = createSandbox();
    const { options, called } = systemd(sandbox);
    sandbox.write('home/.config/systemd/user/sshpool.service', 'the own unit of the user');
    const done = await setup(sandbox, options, '--yes', '--service');
    expect(done.code).toBe(255);
    expect(called).toThrow('ENOENT');
    expect(existsSync(join(sandbox.home, '.config/systemd/user/sockets.target.wants'))).toBe(false);
  });

  it('with --service ends an idle agent, as systemd starts no socket whose service runs', async () => {
    await using sandbox = createSandbox();
    const { options } = systemd(sandbox);
    await runCli(sandbox, ['agent', 'start'], options);
    const done = await setup(sandbox, options, '--yes', '--service');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(await runCli(sandbox, ['agent', 'status'], options)).toMatchObject({ code: 1 });
  });

  it('without --service does not look at the socket', async () => {
    await using sandbox = createSandbox();
    const { env } = home(sandbox);
    const options = { env: { ...env, SSH_POOL_RUNTIME_DIR: 'relative' } };
    expect(await setup(sandbox, options, '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(await setup(sandbox, options, '--yes', '--service')).toMatchObject({
      code: 2,
      stderr: 'sshpool: SSH_POOL_RUNTIME_DIR=relative is not valid: it must be an absolute path\n',
    });
  });

  it('with --service tells that no service manager of the user runs', async () => {
    await using sandbox = createSandbox();
    const done = await setup(sandbox, home(sandbox), '--yes', '--service');
    expect(done.code).toBe(0);
    expect(done.stdout.toString()).toMatch(
      /^the agent as a service: no systemd or launchd of yours/m,
    );
  });

  it('with --ssh leaves a program of the user alone, and says so', async () => {
    await using sandbox = createSandbox();
    const options = home(sandbox);
    const own = sandbox.write('home/.local/bin/ssh', 'not a program');
    const done = await setup(sandbox, options, '--yes', '--ssh');
    expect(done.code).toBe(255);
    expect(done.stdout.toString()).toMatch(/bin\/ssh +NOT MADE: something else is there$/m);
    expect(readFileSync(own, 'utf8')).toBe('not a program');
  });

  it('tells what to do where nothing of the user is in PATH', async () => {
    await using sandbox = createSandbox();
    const env = { SHELL: '/bin/bash' };
    const done = await setup(sandbox, { env }, '--yes', '--ssh');
    expect(done.stdout.toString()).toMatch(/^the man page: man looks in no directory of yours/m);
    expect(done.stdout.toString()).toMatch(/^sshpool as ssh: no directory of yours is in PATH/m);
  });

  it('makes nothing without --yes and a terminal', async () => {
    await using sandbox = createSandbox();
    const options = home(sandbox);
    const before = tree(sandbox.home);
    for (const words of [[], ['--json']]) {
      const done = await setup(sandbox, options, ...words);
      expect(done.code).toBe(2);
      expect(done.stderr).toMatch(/^sshpool: setup asks before it makes anything/);
    }
    expect(tree(sandbox.home)).toEqual(before);
  });

  it.skipIf(!haveTerminals()).each([
    ['y\r', 0, true],
    ['n\r', 255, false],
    ['\u0004', 255, false],
  ])('asks at a terminal; %j', async (typed, code, isMade) => {
    await using sandbox = createSandbox();
    const { env } = home(sandbox);
    const terminal = Terminal.run(sandbox, [PROGRAM, 'setup'], env);
    expect(await terminal.dialogue(['Go on? [y/N] ', typed])).toBe(code);
    expect(terminal.screen).toContain(`make ~/${bashCompletion}`);
    expect(existsSync(join(sandbox.home, bashCompletion))).toBe(isMade);
  });

  it('says in one line that a directory cannot be made', async () => {
    await using sandbox = createSandbox();
    const options = home(sandbox);
    sandbox.write('home/.local/share', 'a file');
    const done = await setup(sandbox, options, '--yes');
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(/^sshpool: setup stopped at \S+: .*\n$/);
  });

  it('says in one line that its list is damaged', async () => {
    await using sandbox = createSandbox();
    sandbox.write('home/.local/state/sshpool/setup.json', '{"made": 1}');
    const done = await setup(sandbox, home(sandbox), '--undo', '--yes');
    expect(done.code).toBe(255);
    expect(done.stderr).toMatch(
      /^sshpool: setup stopped at \S+setup\.json: this list of what it made is damaged.*\n$/,
    );
  });
});

describe('what setup makes', () => {
  it.skipIf(!have('zsh'))('zsh finds in its fpath', async () => {
    await using sandbox = createSandbox();
    const { env } = home(sandbox, 'zsh');
    sandbox.write('home/.zshrc', 'echo hello; fpath=(~/functions $fpath)\n');
    mkdirSync(join(sandbox.home, 'functions'), { mode: 0o755 });
    await setup(sandbox, { env }, '--yes');
    const words = ['-ic', 'autoload -Uz compinit; compinit -D -u; print $_comps[sshpool]'];
    const printed = execFileSync('zsh', words, {
      env: { ...sandbox.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(printed.toString()).toBe('hello\n_sshpool\n');
  });

  it('zsh needs a line in ~/.zshrc for, if it has no directory of the user', async () => {
    await using sandbox = createSandbox();
    const done = await setup(sandbox, home(sandbox, 'zsh'), '--yes');
    expect(done.stdout.toString()).toMatch(
      /^completions for zsh: add to ~\/\.zshrc, before compinit/m,
    );
    expect(existsSync(join(sandbox.home, '.zfunc/_sshpool'))).toBe(true);
  });

  it.skipIf(!have('fish'))('fish completes with', async () => {
    await using sandbox = createSandbox();
    const { env } = home(sandbox, 'fish');
    await setup(sandbox, { env }, '--yes');
    const printed = execFileSync('fish', ['-c', 'complete -C "sshpool resour"'], {
      env: { ...sandbox.env, ...env },
    });
    expect(printed.toString()).toMatch(/^resources\t/);
  });

  it.skipIf(!have('man'))('man shows', async () => {
    await using sandbox = createSandbox();
    const { env } = home(sandbox);
    await setup(sandbox, { env }, '--yes');
    const printed = execFileSync('man', ['-w', 'sshpool'], { env: { ...sandbox.env, ...env } });
    expect(printed.toString()).toBe(`${join(sandbox.home, manPage)}\n`);
  });
});

describe('the man page', () => {
  it.skipIf(!have('mandoc'))('has no mistake that mandoc finds', async () => {
    const page = new URL('../../man/sshpool.1', import.meta.url).pathname;
    const { code, stdout, stderr } = await lint(page);
    // Whether the pages that it refers to are installed here is another matter.
    const found = `${stdout}${stderr}`.split('\n').filter((line) => !/mandoc\.db/.test(line));
    expect([found.join('\n'), code]).toEqual(['', expect.toBeOneOf([0, 1, 2])]);
  });
});

async function lint(
  page: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using sandbox = createSandbox();
  const { code, stdout, stderr } = await runProgram(sandbox, ['mandoc', '-Tlint', page]);
  return { code, stdout: stdout.toString(), stderr };
}
