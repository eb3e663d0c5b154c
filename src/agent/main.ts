/** The agent's process: reports on descriptor 3 whether it serves; its standard error is the log file. */
import { closeSync, writeSync } from 'node:fs';
import { SshpoolError } from '../base/errors.ts';
import { programVersion } from '../base/version.ts';
import { runtimePaths } from '../config/settings/paths.ts';
import { readSettings } from '../config/settings/settings.ts';
import { closeInherited, resetPriority } from './inherited.ts';
import { Agent } from './lifecycle.ts';
import { logWriter, STDERR_FD } from './process.ts';
import { serve } from './run.ts';

const READY_FD = 3;

/** What the starter reads: one line of JSON. `code` and `message` say why the agent did not start. */
export type Readiness =
  | { readonly ok: true; readonly pid: number }
  | { readonly ok: false; readonly code: string; readonly message: string };

function report(readiness: Readiness): void {
  writeSync(READY_FD, `${JSON.stringify(readiness)}\n`);
  closeSync(READY_FD);
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
  if (agent !== undefined) await serve(agent);
}

main().then(
  () => process.exit(0),
  (thrown: unknown) => {
    const { code, message } = SshpoolError.from(thrown);
    report({ ok: false, code, message });
    process.exit(1);
  },
);
