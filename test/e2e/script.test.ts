/** bin/sshpool as it comes in the package: a script that becomes the launcher, and gives it its place. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
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
    expect(files).toEqual(['launchers', 'package.json', 'sshpool', 'sshpool.js']);
  });

  it.each([
    ['is called by its own path', script],
    [
      'is called through a link of the user',
      ({ program }: Installed, { root }: Sandbox) => link(program, root, 'own/sshpool'),
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
    await until(() => /^launcher-[0-9a-f]{16}$/.test(made()), 'the launcher is compiled');
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
    expect(done.stdout.toString()).toMatch(/^~\/\.cache\/sshpool\/launcher-[0-9a-f]{16} +made$/m);
    const said = await exitingAgent(sandbox);
    const call = await runProgram(sandbox, [program, 'exec', 'box', 'true']);
    expect([call.code, said.native]).toEqual([3, true]);
    await runProgram(sandbox, [program, 'setup', '--undo', '--yes']);
    expect(existsSync(sandbox.path('home/.cache'))).toBe(false);
  });
});
