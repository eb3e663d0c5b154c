/** The exit status and the last message of a caller, for each way a session can end. */
import { EXIT_FAILURE, EXIT_TIMEOUT } from '../base/error-table.ts';
import { SshpoolError } from '../base/errors.ts';
import { signalExitCode } from '../base/signals.ts';
import type { Outcome } from '../ssh/channel/session.ts';

export interface Exit {
  readonly exitCode: number;
  readonly status: 'exited' | 'signalled' | 'timedOut' | 'lost';
  readonly signal: string;
  readonly message: string;
}

export interface Ending {
  /** The time limit, if it ended the command. */
  readonly timeoutMs?: number | undefined;
  /** As ssh: exit status 255 for a signal. */
  readonly exact?: boolean;
}

export function exitOf(outcome: Outcome, { timeoutMs, exact = false }: Ending = {}): Exit {
  if (timeoutMs !== undefined) {
    const { message } = SshpoolError.of('TIMED_OUT', { timeoutMs });
    const signal = outcome.kind === 'signalled' ? outcome.signal : '';
    return { exitCode: EXIT_TIMEOUT, status: 'timedOut', signal, message };
  }
  switch (outcome.kind) {
    case 'exited':
      return { exitCode: outcome.code, status: 'exited', signal: '', message: '' };
    case 'signalled': {
      const { signal } = outcome;
      const exitCode = exact ? EXIT_FAILURE : signalExitCode(signal);
      return { exitCode, status: 'signalled', signal, message: '' };
    }
    case 'lost':
      return lost(outcome.error.message);
    case 'refused':
    case 'vanished':
      // As ssh, which prints nothing where the server sends no exit status.
      return lost('');
  }
}

function lost(message: string): Exit {
  return { exitCode: EXIT_FAILURE, status: 'lost', signal: '', message };
}

/** Answered without running a command, as `ssh -O`. */
export const ANSWERED = {
  type: 'exited',
  exitCode: 0,
  status: 'exited',
  signal: '',
  message: '',
  reused: true,
  queueMs: 0,
  connectMs: 0,
  execMs: 0,
} as const;
