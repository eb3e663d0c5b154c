/** A remote command over a session of a pool in this process. */
import { deferred } from '../base/deferred.ts';
import { SshpoolError } from '../base/errors.ts';
import { signalExitCode } from '../base/signals.ts';
import type { Clock } from '../base/time.ts';
import { EndCommand } from '../pool/end-command.ts';
import type { Lease } from '../pool/lease.ts';
import type { Outcome, Start } from '../ssh/channel/session.ts';
import type { CommandProcess } from './process.ts';

/** Resolves when it runs. @throws SshpoolError REQUEST_REFUSED, NO_STATUS, and why the connection was lost */
export function startOverSession(
  process: CommandProcess,
  lease: Lease,
  start: Start,
  clock: Clock,
): Promise<void> {
  const { session, connection, reused } = lease;
  const remote = new EndCommand(lease, clock);
  const over = deferred();
  return new Promise((resolve, reject) => {
    let started = false;
    session.start(start, {
      onStarted: () => {
        started = true;
        process.begin({
          write: (data) => session.write(data),
          endStdin: () => session.endStdin(),
          consume: (bytes) => session.consume(bytes),
          closeStdout: () => session.closeStdout(),
          signal: (name) => remote.signal(name),
          abandon: () => {
            remote.end('TERM');
            return over.promise;
          },
        });
        resolve();
      },
      onStdout: (data) => process.stdout.deliver(data),
      onStderr: (data) => process.stderr.deliver(data),
      onStdinWindow: (bytes) => process.stdin.grant(bytes),
      onStdinClosed: () => process.stdin.close(),
      onEnd: (outcome) => {
        remote.done();
        over.resolve();
        const end = endOf(outcome, connection.label.name);
        if (end instanceof SshpoolError) {
          process.fail(end);
          reject(end);
          return;
        }
        // A server may report the end of a command before it confirms the start.
        if (!started) resolve();
        process.finish({ ...end, reused });
      },
    });
  });
}

type End = { readonly exitCode: number; readonly signal: string | undefined } | SshpoolError;

function endOf(outcome: Outcome, host: string): End {
  switch (outcome.kind) {
    case 'exited':
      return { exitCode: outcome.code, signal: undefined };
    case 'signalled':
      return { exitCode: signalExitCode(outcome.signal), signal: outcome.signal };
    case 'refused':
      return SshpoolError.of('REQUEST_REFUSED', { host, request: outcome.request });
    case 'vanished':
      return SshpoolError.of('NO_STATUS', { host });
    case 'lost':
      return outcome.error;
  }
}
