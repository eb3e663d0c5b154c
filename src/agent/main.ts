/**
 * The agent as a process of its own, started detached by a client: it reports on descriptor 3
 * whether it serves, and writes its log to standard error, which is the log file.
 */
import { closeSync, writeSync } from 'node:fs';
import { SshpoolError } from '../base/errors.ts';
import { programVersion } from '../base/version.ts';
import { runtimePaths } from '../config/paths.ts';
import { readSettings } from '../config/settings.ts';
import { Agent } from './lifecycle.ts';

const READY_FD = 3;

/** What the starter reads: one line of JSON. `code` and `message` say why there is no agent. */
export type Readiness =
  | { readonly ok: true; readonly pid: number }
  | { readonly ok: false; readonly code: string; readonly message: string };

function report(readiness: Readiness): void {
  writeSync(READY_FD, `${JSON.stringify(readiness)}\n`);
  closeSync(READY_FD);
}

try {
  process.umask(0o077);
  const agent = await Agent.start({
    paths: runtimePaths(process.env, process.getuid?.() ?? 0),
    settings: readSettings(process.env),
    version: programVersion(),
    writeLog: (line) => process.stderr.write(line),
  });
  // Another agent was quicker: for whoever asked, that is as good.
  report({ ok: true, pid: process.pid });
  if (agent) {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => agent.stop({ force: true }));
    }
    // The terminal of whoever started us is none of our business.
    process.on('SIGHUP', () => undefined);
    await agent.gone;
  }
  process.exit(0);
} catch (thrown) {
  const { code, message } = SshpoolError.from(thrown);
  report({ ok: false, code, message });
  process.exit(1);
}
