/**
 * The agent as a process of its own, started detached by a client: it reports on descriptor 3
 * whether it serves, and writes its log to standard error, which is the log file.
 */
import { closeSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { SshpoolError } from '../base/errors.ts';
import { programVersion } from '../base/version.ts';
import { runtimePaths } from '../config/paths.ts';
import { readSettings } from '../config/settings.ts';
import { closeInherited, resetPriority } from './inherited.ts';
import { Agent } from './lifecycle.ts';
import { guardProcess, writeLog } from './process.ts';

const READY_FD = 3;
/** By then the call that started us is through with what it needs. */
const REST_MS = 500;

/** What the starter reads: one line of JSON. `code` and `message` say why there is no agent. */
export type Readiness =
  | { readonly ok: true; readonly pid: number }
  | { readonly ok: false; readonly code: string; readonly message: string };

function report(readiness: Readiness): void {
  writeSync(READY_FD, `${JSON.stringify(readiness)}\n`);
  closeSync(READY_FD);
}

/**
 * What the start did without. Not left to the call that needs it: by then an update of the program
 * may have replaced the files.
 */
async function loadTheRest(): Promise<void> {
  await Promise.all([
    import('../ssh/connect-link.ts'),
    import('../ssh/openssh/connect.ts'),
    import('../ssh/transport/proxy.ts'),
    import('./method-params.ts'),
    import('./single-servers-schema.ts'),
    import('../config/settings-schema.ts'),
  ]);
  // Not before: with other flags than its own, Node compiles its built-in modules anew.
  for (const flag of V8_FLAGS) setFlagsFromString(flag);
}

/**
 * Calls are few and far between. Compiled when they first run and not when they have run often,
 * they take 1 ms less for the first hundred calls. And the young generation stays small: a thousand
 * calls let it grow by 30 MB, all of it garbage, and were no faster.
 */
const V8_FLAGS = ['--always-sparkplug', '--semi-space-growth-factor=1'];

async function main(): Promise<void> {
  process.umask(0o077);
  closeInherited(READY_FD);
  resetPriority();
  const agent = await Agent.start({
    paths: runtimePaths(process.env, process.getuid?.() ?? 0),
    settings: await readSettings(process.env),
    version: programVersion(),
    writeLog,
  });
  // Another agent was quicker: for whoever asked, that is as good.
  report({ ok: true, pid: process.pid });
  if (agent === undefined) return;
  guardProcess(agent);
  setTimeout(() => {
    loadTheRest().catch((thrown: unknown) => agent.fault(thrown));
  }, REST_MS).unref();
  // SIGHUP: the terminal of the starter has gone. SIGUSR1 would open Node's debugger to all users.
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
