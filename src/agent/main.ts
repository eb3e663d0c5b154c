/** The agent's process: reports on descriptor 3 whether it serves; its standard error is the log file. */
import { closeSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { describe, SshpoolError } from '../base/errors.ts';
import { programVersion } from '../base/version.ts';
import { runtimePaths } from '../config/settings/paths.ts';
import { readSettings } from '../config/settings/settings.ts';
import { compileLauncher } from './compile-launcher.ts';
import { closeInherited, resetPriority } from './inherited.ts';
import { Agent } from './lifecycle.ts';
import { guardProcess, logWriter, STDERR_FD } from './process.ts';

const READY_FD = 3;
/** By then the call that started the agent has loaded what it needs. */
const REST_MS = 500;

/** What the starter reads: one line of JSON. `code` and `message` say why the agent did not start. */
export type Readiness =
  | { readonly ok: true; readonly pid: number }
  | { readonly ok: false; readonly code: string; readonly message: string };

function report(readiness: Readiness): void {
  writeSync(READY_FD, `${JSON.stringify(readiness)}\n`);
  closeSync(READY_FD);
}

/** What the start did not need. Not left to later calls: an update may have replaced the files by then. */
async function loadTheRest(): Promise<void> {
  await Promise.all([
    import('../ssh/connect-link.ts'),
    import('../ssh/openssh/connect.ts'),
    import('../ssh/transport/proxy.ts'),
    import('./method-params.ts'),
    import('./single-servers-schema.ts'),
    import('../config/settings/settings-schema.ts'),
  ]);
  // Only now: with changed flags Node would compile its built-in modules again.
  for (const flag of V8_FLAGS) setFlagsFromString(flag);
}

/**
 * Compiling at the first run saves 1 ms for each of the first hundred calls. With a young generation that may
 * grow, a thousand calls left 30 MB of garbage and were no faster.
 */
const V8_FLAGS = ['--always-sparkplug', '--semi-space-growth-factor=1'];

/** Without its package it cannot serve all calls; the next one finds the new package, if there is one. */
function missPart(agent: Agent, thrown: unknown): void {
  if ((thrown as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') {
    return agent.log.fault(thrown);
  }
  agent.log.info('its package was removed or replaced while it started');
  agent.stop({ force: false });
}

function compileForUser({ log }: Agent): void {
  try {
    compileLauncher(process.env, process.getuid?.() ?? 0);
  } catch (thrown) {
    log.info(`no launcher is compiled: ${describe(thrown)}`);
  }
}

async function main(): Promise<void> {
  process.umask(0o077);
  closeInherited(READY_FD);
  resetPriority();
  const agent = await Agent.start({
    paths: runtimePaths(process.env, process.getuid?.() ?? 0),
    settings: await readSettings(process.env),
    version: programVersion(),
    writeLog: logWriter(STDERR_FD),
  });
  // Also if another agent was quicker: the starter only needs a running agent.
  report({ ok: true, pid: process.pid });
  if (agent === undefined) return;
  guardProcess(agent);
  setTimeout(() => {
    loadTheRest().then(
      () => compileForUser(agent),
      (thrown: unknown) => missPart(agent, thrown),
    );
  }, REST_MS).unref();
  // SIGHUP: the terminal of the starter was closed. SIGUSR1 would open Node's debugger to all users.
  for (const name of ['SIGHUP', 'SIGUSR1'] as const) process.on(name, () => undefined);
  await agent.gone;
}

main().then(
  () => process.exit(0),
  (thrown: unknown) => {
    const { code, message } = SshpoolError.from(thrown);
    report({ ok: false, code, message });
    process.exit(1);
  },
);
