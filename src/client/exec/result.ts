/** Makes the output of exec --json from the last message of a call. */
import { EXIT_FAILURE } from '../../base/error-table.ts';
import { SshpoolError } from '../../base/errors.ts';
import type { MessageOf } from '../call/call.ts';

/** Streams are decoded as UTF-8. */
export interface ExecResult {
  readonly host: string;
  readonly exitCode: number;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly reused: boolean;
  readonly queueMs: number;
  readonly connectMs: number;
  readonly execMs: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why the command did not run or was lost; null otherwise. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export type Last = MessageOf<'exited' | 'failed' | 'delegate'>;

/** Stands for the last message if the agent sent none. */
export function failed(thrown: unknown): MessageOf<'failed'> {
  const { code, message, exitCode } = SshpoolError.from(thrown);
  return { type: 'failed', code, message, farewell: '', exitCode };
}

export function resultOf(
  host: string,
  last: Last | undefined,
  collected: { readonly stdout: readonly Buffer[]; readonly stderr: readonly Buffer[] },
): ExecResult {
  const output = {
    stdout: Buffer.concat(collected.stdout).toString('utf8'),
    stderr: Buffer.concat(collected.stderr).toString('utf8'),
  };
  if (last?.type !== 'exited') {
    const {
      code = 'AGENT_LOST',
      message = '',
      exitCode = EXIT_FAILURE,
    } = last?.type === 'failed' ? last : {};
    const times = { reused: false, queueMs: 0, connectMs: 0, execMs: 0 };
    const timedOut = code === 'TIMED_OUT';
    const error = { code, message };
    return { host, exitCode, signal: null, timedOut, ...times, ...output, error };
  }
  const { exitCode, signal, status, message, reused, queueMs, connectMs, execMs } = last;
  const code = status === 'timedOut' ? 'TIMED_OUT' : 'CONNECTION_LOST';
  return {
    host,
    exitCode,
    signal: signal === '' ? null : signal,
    timedOut: status === 'timedOut',
    reused,
    queueMs,
    connectMs,
    execMs,
    ...output,
    error: status === 'lost' || status === 'timedOut' ? { code, message } : null,
  };
}
