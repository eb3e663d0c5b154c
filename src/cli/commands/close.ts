/** `sshpool close`: closes connections and lists them. */
import { usageError } from '../../base/usage-errors.ts';
import { parseTarget } from '../../config/command-line/target.ts';
import type { ConnectionRow } from '../../pool/connection/stats-row.ts';
import { callRunning } from '../agent-call.ts';
import { printError } from '../ui.ts';

export interface CloseOptions {
  readonly all?: true;
  readonly force?: true;
}

export async function close(target: string | undefined, options: CloseOptions): Promise<number> {
  if ((target === undefined) !== (options.all === true)) {
    throw usageError('CLOSE_WHAT', {});
  }
  if (target !== undefined) parseTarget(target);
  const force = options.force === true;
  const found = await callRunning('close', { target: target ?? null, force });
  const closed = found?.closed ?? [];
  for (const row of closed) process.stdout.write(`${describeClosed(row, force)}\n`);
  if (closed.length === 0) printError(`sshpool: nothing to close${target ? ` for ${target}` : ''}`);
  return 0;
}

function describeClosed(
  { target, user, host, port, sessions }: ConnectionRow,
  force: boolean,
): string {
  const what = `${target} (${user}@${host}:${port})`;
  if (sessions === 0) return `closed ${what}`;
  const commands = sessions === 1 ? '1 running command' : `${sessions} running commands`;
  return force ? `closed ${what} and ended ${commands}` : `closing ${what} after ${commands}`;
}
