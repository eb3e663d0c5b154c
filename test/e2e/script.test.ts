/** bin/sshpool as it comes in the package: a script that becomes the launcher, and gives it its place. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram, stopAgentAtTheEnd } from '../support/cli.ts';
import { exitingAgent } from '../support/fake-agent.ts';
import { installed, prebuilt, type Installed } from '../support/installed.ts';
import { haveCompiler, isNative } from '../support/launcher.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const SHELLS = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(([name = '']) =>
  existsSync(`/bin/${name}`),
);

const ARCH = '/proc/sys/kernel/arch';
const script = ({ place }: Installed): string => join(place, 'bin', 'sshpool');

/** A link of the user's own. */
function link(to: string, ...path: readonly string[]): string {
  const file = join(...path);
  mkdirSync(dirname(file), { recursive: true });
  symlinkSync(to, file);
  return file;
}

describe.skipIf(prebuilt() === undefined)('the script bin/sshpool', () => {
  it.each(SHELLS)('starts the launcher, run by %s', async (name, ...options) => {
    await using sandbox = createSandbox();
    const said = await exitingAgent(sandbox);
    const words = [`/bin/${name}`, ...options, installed(sandbox).program, 'exec', 'box', 'true'];
    const done = await runProgram(sandbox, words);
    expect([done.code, done.stderr, said.native]).toEqual([3, '', true]);
  });

  it.each([
    ['by its own path', script],
    [
      'from node_modules/.bin',
      ({ place }: Installed) => link('../sshpool/bin/sshpool', place, '../.bin/sshpool'),
    ],
    [
      'through a link of the user to a link of npm',
      ({ program }: Installed, { root }: Sandbox) => link(program, root, 'own/sshpool'),
    ],
    [
      'in a directory with a space',
      (_: Installed, sandbox: Sandbox) => installed(sandbox, { prefix: 'a prefix' }).program,
    ],
  ])('finds the launcher, called %s', async (_, called) => {
    await using sandbox = createSandbox();
    const said = await exitingAgent(sandbox);
    const words = [called(installed(sandbox), sandbox), 'exec', 'box', 'true'];
    const done = await runProgram(sandbox, words);
    expect([done.code, done.stderr, said.native]).toEqual([3, '', true]);
  });

  it('finds the launcher, called by a name without a directory', async () => {
    await using sandbox = createSandbox();
    const said = await exitingAgent(sandbox);
    const cwd = dirname(installed(sandbox).program);
    const done = await runProgram(sandbox, ['/bin/sh', 'sshpool', 'exec', 'box', 'true'], { cwd });
    expect([done.code, done.stderr, said.native]).toEqual([3, '', true]);
  });

  it.skipIf(!haveSshd())('starts an agent also when it is called by a relative path', async () => {
    await using sandbox = createSandbox();
    stopAgentAtTheEnd(sandbox);
    const sshd = await startSshd(sandbox);
    const { place } = installed(sandbox);
    // Under Node ssh itself would make a call of ssh.
    const call = ['./bin/sshpool', 'ssh', '-F', sshd.config(), 'box', 'echo here'];
    for (const _ of ['first', 'second']) {
      const done = await runProgram(sandbox, call, { cwd: place });
      expect([done.stdout.toString(), done.stderr]).toEqual(['here\n', '']);
    }
    expect(sshd.logins()).toBe(1);
  });

  it('is called as ssh by a link of that name', async () => {
    await using sandbox = createSandbox();
    const said = await exitingAgent(sandbox);
    const ssh = link(installed(sandbox).program, sandbox.root, 'ssh');
    const done = await runProgram(sandbox, [ssh, 'box', 'true']);
    expect([done.code, done.stderr, said.commands]).toEqual([3, '', ['ssh']]);
  });

  it('gives its place to the launcher at the first call through the link of npm', async () => {
    await using sandbox = createSandbox();
    const said = await exitingAgent(sandbox);
    const package_ = installed(sandbox);
    for (const _ of ['script', 'launcher']) {
      said.native = false;
      const done = await runProgram(sandbox, [package_.program, 'exec', 'box', 'true']);
      expect([done.code, done.stderr, said.native]).toEqual([3, '', true]);
      expect(isNative(script(package_))).toBe(true);
    }
    const files = readdirSync(dirname(script(package_))).toSorted();
    expect(files).toEqual(['launchers', 'package.json', 'sshpool', 'sshpool-ssh', 'sshpool.js']);
  });

  it('is called as ssh by the name sshpool-ssh, through a link and by its path', async () => {
    await using sandbox = createSandbox();
    const said = await exitingAgent(sandbox);
    const { program, place } = installed(sandbox);
    for (const asSsh of [join(place, 'bin', 'sshpool-ssh'), `${program}-ssh`, `${program}-ssh`]) {
      const done = await runProgram(sandbox, [asSsh, 'box', 'true']);
      expect([done.code, done.stderr]).toEqual([3, '']);
    }
    expect(said.commands).toEqual(['ssh', 'ssh', 'ssh']);
    expect(isNative(join(place, 'bin', 'sshpool-ssh'))).toBe(true);
  });

  it.each([
    ['is called by its own path', script],
    [
      'is called through a link of the user',
      ({ program }: Installed, { root }: Sandbox) => link(program, root, 'own/sshpool'),
    ],
    [
      'lies in a clone, which npm may be packing',
      ({ place, program }: Installed) => {
        copyFileSync(join(place, 'bin', 'sshpool'), join(place, 'bin', 'sshpool.sh'));
        return program;
      },
    ],
    [
      'lies in a directory that others may write to',
      ({ place, program }: Installed) => {
        chmodSync(join(place, 'bin'), 0o775);
        return program;
      },
    ],
  ])('stays where it is if it %s', async (_, called) => {
    await using sandbox = createSandbox();
    await exitingAgent(sandbox);
    const package_ = installed(sandbox);
    const done = await runProgram(sandbox, [called(package_, sandbox), 'exec', 'box', 'true']);
    expect(done).toMatchObject({ code: 3, stderr: '' });
    expect(isNative(script(package_))).toBe(false);
  });

  it('does not give its place to the launcher of an older package', async () => {
    await using sandbox = createSandbox();
    await exitingAgent(sandbox);
    const [older, newer] = ['older', 'newer'].map((prefix) => installed(sandbox, { prefix }));
    const env = {
      SSHPOOL_CALLED_AS: newer?.program,
      SSHPOOL_PACKAGE_BIN: dirname(script(newer as Installed)),
    };
    const launcher = join(older?.place ?? '', prebuilt() ?? '');
    const done = await runProgram(sandbox, [launcher, 'exec', 'box', 'true'], { env });
    expect(done).toMatchObject({ code: 3, stderr: '' });
    expect(isNative(script(newer as Installed))).toBe(false);
  });

  it.each([true, false])(
    'leaves no variable of its own to ssh, with launchers: %s',
    async (launchers) => {
      await using sandbox = createSandbox();
      stopAgentAtTheEnd(sandbox);
      const { program } = installed(sandbox, { launchers });
      chmodSync(sandbox.write('bin/ssh', '#!/bin/sh\nenv\n'), 0o700);
      const env = { PATH: `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}` };
      const done = await runProgram(sandbox, [program, 'ssh', '-V'], { env });
      expect(done.stdout.toString()).toContain('SSHPOOL_SSH_TRIED=');
      expect(done.stdout.toString()).not.toMatch(/CALLED_AS|PACKAGE_BIN/);
    },
  );
});

describe('where the package has no launcher for the machine', () => {
  it('a call becomes the program under Node, which knows its name', async () => {
    await using sandbox = createSandbox();
    const { program } = installed(sandbox, { launchers: false });
    chmodSync(sandbox.write('bin/ssh', '#!/bin/sh\necho "<$*>"\n'), 0o700);
    const env = { PATH: `${sandbox.path('bin')}:${sandbox.env['PATH'] ?? ''}` };
    const done = await runProgram(sandbox, [link(program, sandbox.root, 'ssh'), 'box'], { env });
    expect([done.code, done.stdout.toString()]).toEqual([0, '<box>\n']);
  });

  it('and no Node, the error says what to do', async () => {
    await using sandbox = createSandbox();
    const package_ = installed(sandbox, { launchers: false });
    const text = readFileSync(script(package_), 'utf8').replaceAll(/ \/(usr|opt)\S*\/node/g, '');
    const other = sandbox.write('prefix/lib/node_modules/sshpool/bin/sshpool', text);
    const env = { PATH: sandbox.path('empty') };
    const done = await runProgram(sandbox, ['/bin/sh', other, 'exec', 'box', 'true'], { env });
    expect([done.code, done.stderr]).toEqual([
      255,
      'sshpool: cannot find node; install Node.js, or put it into PATH\n',
    ]);
  });

  it.skipIf(!haveSshd() || !haveCompiler())('the agent compiles one for later calls', async () => {
    await using sandbox = createSandbox();
    stopAgentAtTheEnd(sandbox);
    const sshd = await startSshd(sandbox);
    const { program } = installed(sandbox, { launchers: false, source: true });
    const call = [program, 'exec', '-F', sshd.config(), 'box', 'cat; exit 4'];
    const first = await runProgram(sandbox, call, { stdin: 'input' });
    expect([first.code, first.stdout.toString(), first.stderr]).toEqual([4, 'input', '']);
    const cache = sandbox.path('home/.cache/sshpool');
    const made = (): string => (existsSync(cache) ? readdirSync(cache) : []).join();
    await until(() => /^launcher-[0-9a-f]{16}-\w*$/.test(made()), 'the launcher is compiled');
    const status = execFileSync(program, ['agent', 'status'], { env: sandbox.env });
    expect(status.toString()).toContain(`launcher native, ${cache}/launcher-`);
    const traced = await runProgram(sandbox, ['/bin/sh', '-x', ...call], { stdin: 'input' });
    expect([traced.code, traced.stdout.toString()]).toEqual([4, 'input']);
    expect(traced.stderr.trim().split('\n').at(-1)).toContain(`exec ${cache}/launcher-`);
  });

  it.skipIf(!haveCompiler())('sshpool setup compiles one, and --undo removes it', async () => {
    await using sandbox = createSandbox();
    const { program } = installed(sandbox, { launchers: false, source: true });
    const done = await runProgram(sandbox, [program, 'setup', '--yes']);
    expect(done.stdout.toString()).toMatch(
      /^~\/\.cache\/sshpool\/launcher-[0-9a-f]{16}-\w* +made$/m,
    );
    const said = await exitingAgent(sandbox);
    const call = await runProgram(sandbox, [program, 'exec', 'box', 'true']);
    expect([call.code, said.native]).toEqual([3, true]);
    await runProgram(sandbox, [program, 'setup', '--undo', '--yes']);
    expect(existsSync(sandbox.path('home/.cache'))).toBe(false);
  });

  const OTHER_USER = 65_534;
  it.each([
    ['a relative HOME', () => ({ HOME: 'home' })],
    [
      'the home of another user',
      (home: string) => {
        chownSync(home, OTHER_USER, OTHER_USER);
        return {};
      },
    ],
  ])('no program is run from the cache of %s', async (_, prepare) => {
    await using sandbox = createSandbox();
    const { program, place } = installed(sandbox, { launchers: false, source: true });
    const [name = ''] =
      /launcher-[0-9a-f]+-/.exec(readFileSync(script({ place, program }), 'utf8')) ?? [];
    const machine = existsSync(ARCH) ? readFileSync(ARCH, 'utf8').trim() : '';
    const planted = sandbox.write(
      `home/.cache/sshpool/${name}${machine}`,
      '#!/bin/sh\necho EVIL\n',
    );
    chmodSync(planted, 0o755);
    const usual = await runProgram(sandbox, [program, '--version']);
    expect(usual.stdout.toString()).toBe('EVIL\n');
    if (process.getuid?.() !== 0 && _ !== 'a relative HOME') return;
    const env = prepare(sandbox.home);
    const done = await runProgram(sandbox, [program, '--version'], { env, cwd: sandbox.root });
    expect(done.stdout.toString()).toMatch(/^\d+\.\d+/);
  });
});
