/** Two versions, or two installations, of sshpool that meet; and one that is removed. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROTOCOL } from '../../../src/wire/protocol.ts';
import { installed, type Installed } from '../../support/installed.ts';
import { agentPid } from '../../../src/config/settings/agent-pid.ts';
import { alive, until } from '../../support/process.ts';
import type { Row, Stage } from '../row.ts';

/** The package of an older version: its agent has an older protocol. It has no launcher. */
function older(stage: Stage): Installed {
  const package_ = installed(stage.sandbox, { prefix: 'older', launchers: false });
  const programs = join(package_.place, 'dist', 'program');
  let changed = 0;
  for (const name of readdirSync(programs)) {
    const text = readFileSync(join(programs, name), 'utf8');
    // The bundler writes the number in place of its name.
    const other = text.replaceAll(
      new RegExp(`(\\bprotocol(?::| [!=]==) |\\.theirs > )${PROTOCOL}\\b`, 'g'),
      (_, before: string) => {
        changed += 1;
        return `${before}${PROTOCOL - 1}`;
      },
    );
    writeFileSync(join(programs, name), other);
  }
  assert.ok(changed >= 7, `${changed} places know the protocol`);
  return package_;
}

async function newerBesideOlder(stage: Stage): Promise<void> {
  const { sandbox, sshd, run } = stage;
  const config = sshd.config();
  const gate = sandbox.path('gate');
  const begun = sandbox.path('begun');
  const waits = `touch ${begun}; until [ -e ${gate} ]; do sleep 0.1; done; echo ended; exit 6`;
  const running = run([older(stage).program, 'exec', '-F', config, 'box', waits], {});
  await until(() => existsSync(begun), 'the command of the older version runs');
  const before = await agentPid(sandbox.paths);
  const { program } = installed(sandbox);
  const call = [program, 'exec', '-F', config, 'box', 'cat; exit 4'];
  for (const input of ['first', 'second']) {
    const done = await run(call, {}, input);
    assert.deepEqual([done.code, done.stdout.toString(), done.stderr], [4, input, '']);
  }
  const after = await agentPid(sandbox.paths);
  assert.notEqual(after, before);
  assert.ok(before !== undefined && alive(before));
  writeFileSync(gate, '');
  const ended = await running;
  assert.deepEqual([ended.code, ended.stdout.toString(), ended.stderr], [6, 'ended\n', '']);
  await until(() => !alive(before), 'the agent of the older version ends');
  assert.equal(await agentPid(sandbox.paths), after);
}

async function sideBySide(stage: Stage): Promise<void> {
  const { sandbox, sshd, run } = stage;
  const programs = ['one', 'two'].map((prefix) => installed(sandbox, { prefix }).program);
  const agents = new Set<number | undefined>();
  for (const program of [...programs, ...programs]) {
    const done = await run([program, 'exec', '-F', sshd.config(), 'box', 'echo here'], {});
    assert.deepEqual([done.code, done.stdout.toString(), done.stderr], [0, 'here\n', '']);
    agents.add(await agentPid(sandbox.paths));
  }
  assert.equal(agents.size, 1);
  assert.equal(sshd.logins(), 1);
}

async function removed(stage: Stage): Promise<void> {
  const { sandbox, sshd, run } = stage;
  const { program, place } = installed(sandbox);
  const env = { SSH_POOL_AGENT_IDLE_TIMEOUT_MS: '500', SSH_POOL_IDLE_TIMEOUT_MS: '500' };
  const call = [program, 'exec', '-F', sshd.config(), 'box', 'true'];
  assert.equal((await run(call, env)).code, 0);
  const pid = await agentPid(sandbox.paths);
  const log = (): string => readFileSync(sandbox.paths.log, 'utf8');
  rmSync(place, { recursive: true });
  await until(() => pid !== undefined && !alive(pid), 'the agent ends');
  assert.match(log(), /agent gone/);
  assert.doesNotMatch(log(), /unexpected|Cannot find/);
}

export const upgradeRows: readonly Row[] = [
  {
    name: 'a newer version beside the running agent of an older one: both serve, nothing is printed',
    full: false,
    run: newerBesideOlder,
  },
  { name: 'two installations side by side share an agent', full: false, run: sideBySide },
  { name: 'a package that is removed while its agent runs', full: false, run: removed },
];
