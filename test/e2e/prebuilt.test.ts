/** The launchers of the package, one for each kind of machine: natively, or in an emulator (qemu-user). */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram, stopAgentAtTheEnd } from '../support/cli.ts';
import { exitingAgent } from '../support/fake-agent.ts';
import { ROOT } from '../support/package.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

const LAUNCHERS = join(ROOT, 'bin', 'launchers');
const BUILT = readdirSync(LAUNCHERS).flatMap((name) => /^sshpool-(\w+)$/.exec(name)?.[1] ?? []);

/** The words that run a program of this machine here; undefined if nothing can. */
function emulator(name: string): string[] | undefined {
  if (name === machine()) return [];
  const programs = [`qemu-${name}-static`, `qemu-${name}`].map((file) => join('/usr/bin', file));
  const found = programs.find((file) => existsSync(file));
  return found === undefined ? undefined : [found];
}

const RUNNABLE = BUILT.filter((name) => emulator(name) !== undefined);
/** As the script bin/sshpool sets it. */
const ENV = { SSHPOOL_CALLED_AS: 'sshpool', SSHPOOL_PACKAGE_BIN: join(ROOT, 'bin') };

const launcher = (name: string): string => join(LAUNCHERS, `sshpool-${name}`);
const words = (name: string): string[] => [...(emulator(name) ?? []), launcher(name)];

describe.each(RUNNABLE)('the launcher for %s', (name) => {
  const run = (sandbox: Sandbox, args: readonly string[], stdin = '') =>
    runProgram(sandbox, [...words(name), ...args], { env: ENV, stdin });

  it('becomes the program under Node for --version', async () => {
    await using sandbox = createSandbox();
    expect(await run(sandbox, ['--version'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('speaks with the agent itself', async () => {
    await using sandbox = createSandbox();
    const said = await exitingAgent(sandbox);
    const done = await run(sandbox, ['exec', 'box', 'true']);
    expect([done.code, done.stderr, said.native]).toEqual([3, '', true]);
  });

  it.skipIf(!haveSshd())('starts an agent, and runs a command with its input', async () => {
    await using sandbox = createSandbox();
    stopAgentAtTheEnd(sandbox);
    const sshd = await startSshd(sandbox);
    const call = ['exec', '-F', sshd.config(), 'box', 'cat; echo error >&2; exit 5'];
    for (const stdin of ['first', 'x'.repeat(300_000)]) {
      const done = await run(sandbox, call, stdin);
      expect([done.code, done.stdout.toString(), done.stderr]).toEqual([5, stdin, 'error\n']);
    }
    expect(sshd.logins()).toBe(1);
  });

  it.skipIf(!haveSshd() || !haveTerminals())('runs a shell in a terminal', async () => {
    await using sandbox = createSandbox();
    const sshd = await startSshd(sandbox);
    const call = [
      ...words(name),
      'ssh',
      '-tt',
      '-F',
      sshd.config(),
      'box',
      'read x; tty; echo "<$x>"',
    ];
    const terminal = Terminal.run(sandbox, call, ENV);
    expect(await terminal.dialogue(['', 'typed\r'])).toBe(0);
    expect(terminal.screen).not.toContain('ssh itself');
    expect(terminal.screen).toMatch(/\/dev\/pts\/\d+\r\n<typed>\r\n/);
  });
});

describe.skipIf(BUILT.length === 0)('the launchers of the package', () => {
  it('are those of SHA256SUMS, built anew', { timeout: 300_000 }, async () => {
    await using sandbox = createSandbox();
    const builder = join(ROOT, 'scripts', 'launchers.js');
    const options = ['--check', '--into', sandbox.path('made'), ...BUILT];
    const done = spawnSync(process.execPath, [builder, ...options], { encoding: 'utf8' });
    expect([done.status, done.stdout.match(/DIFFERS/g)]).toEqual([0, null]);
    const sums = readFileSync(join(LAUNCHERS, 'SHA256SUMS'), 'utf8');
    expect(BUILT.filter((name) => !sums.includes(`  sshpool-${name}\n`))).toEqual([]);
  });

  it.runIf(BUILT.includes('x86_64'))('are small and static', () => {
    expect(statSync(launcher('x86_64')).size).toBeLessThanOrEqual(150 * 1024);
    for (const name of BUILT) {
      // Of a program that a dynamic linker loads, the header PT_INTERP names the linker.
      expect(readFileSync(launcher(name)).includes('/lib/ld')).toBe(false);
    }
  });
});
