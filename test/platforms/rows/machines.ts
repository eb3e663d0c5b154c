/** The launchers of the package, one for each kind of machine: natively, or in an emulator (qemu-user). */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
import { MACHINES } from '../../../scripts/machines.js';
import { runProgram } from '../../support/cli.ts';
import { exitingAgent } from '../../support/fake-agent.ts';
import { ROOT } from '../../support/package.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { haveTerminals, Terminal } from '../../support/terminal.ts';
import type { Row, Stage } from '../row.ts';

/** As the script bin/sshpool sets it. */
const ENV = { SSHPOOL_CALLED_AS: 'sshpool', SSHPOOL_PACKAGE_BIN: join(ROOT, 'bin') };

const launcher = (name: string): string => join(ROOT, 'bin', 'launchers', `sshpool-${name}`);

/** The words that run a program of this machine here; undefined if nothing can. */
function emulator(name: string): string[] | undefined {
  if (name === machine()) return [];
  const programs = [`qemu-${name}-static`, `qemu-${name}`].map((file) => join('/usr/bin', file));
  const found = programs.find((file) => existsSync(file));
  return found === undefined ? undefined : [found];
}

function whyNot(name: string): string | undefined {
  if (!existsSync(launcher(name))) return 'the launcher is not built here';
  return emulator(name) === undefined ? 'there is no emulator (qemu-user)' : undefined;
}

async function works(stage: Stage, words: readonly string[]): Promise<void> {
  const version = await stage.run([...words, '--version'], ENV);
  assert.deepEqual([version.code, version.stderr], [0, '']);
  await speaksWithAgent(words);
  await runsCommands(stage, words);
  await runsTerminal(stage, words);
}

/** It, and not a program under Node. */
async function speaksWithAgent(words: readonly string[]): Promise<void> {
  await using sandbox = createSandbox();
  const said = await exitingAgent(sandbox);
  const { code, stderr } = await runProgram(sandbox, [...words, 'exec', 'box', 'true'], {
    env: ENV,
  });
  assert.deepEqual([code, stderr, said.native], [3, '', true]);
}

async function runsCommands({ run, sshd }: Stage, words: readonly string[]): Promise<void> {
  const call = ['exec', '-F', sshd.config(), 'box', 'cat; echo error >&2; exit 5'];
  for (const stdin of ['first', 'x'.repeat(300_000)]) {
    const done = await run([...words, ...call], ENV, stdin);
    assert.deepEqual([done.code, done.stdout.toString(), done.stderr], [5, stdin, 'error\n']);
  }
  assert.equal(sshd.logins(), 1);
}

async function runsTerminal({ sandbox, sshd }: Stage, words: readonly string[]): Promise<void> {
  if (!haveTerminals()) return;
  const call = ['ssh', '-tt', '-F', sshd.config(), 'box', 'read x; tty; echo "<$x>"'];
  const terminal = Terminal.run(sandbox, [...words, ...call], ENV);
  assert.equal(await terminal.dialogue(['', 'typed\r']), 0);
  assert.ok(!terminal.screen.includes('ssh itself'));
  assert.match(terminal.screen, /\/dev\/pts\/\d+\r\n<typed>\r\n/);
}

export const machineRows: readonly Row[] = MACHINES.map(({ name }) => ({
  name: `the launcher for ${name}: --version, 300 kB of input, a terminal`,
  full: name !== machine(),
  skip: whyNot(name),
  run: (stage) => works(stage, [...(emulator(name) ?? []), launcher(name)]),
}));
