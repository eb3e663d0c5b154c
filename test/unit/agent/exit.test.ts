import { expect, test } from 'vitest';
import { exitOf } from '../../../src/agent/exit.ts';
import { SshpoolError } from '../../../src/base/errors.ts';
import type { Outcome } from '../../../src/ssh/channel/session.ts';

const error = SshpoolError.of('CONNECTION_LOST', { host: 'web', reason: 'gone' });

test.each<[string, Outcome, number, string, string]>([
  ['a status of 0', { kind: 'exited', code: 0 }, 0, 'exited', ''],
  ['a status of 255', { kind: 'exited', code: 255 }, 255, 'exited', ''],
  ['SIGTERM', { kind: 'signalled', signal: 'TERM' }, 143, 'signalled', ''],
  ['an unknown signal', { kind: 'signalled', signal: 'NO' }, 255, 'signalled', ''],
  ['a refused command', { kind: 'refused', request: 'exec' }, 255, 'lost', ''],
  ['no status', { kind: 'vanished' }, 255, 'lost', ''],
  ['a loss', { kind: 'lost', error }, 255, 'lost', 'the connection to web was lost: gone'],
])('%s', (_name, outcome, exitCode, status, message) => {
  expect(exitOf(outcome)).toMatchObject({ exitCode, status, message });
});

test('a time limit that ran out gives exit status 124, whatever the exit status of the command', () => {
  expect(exitOf({ kind: 'exited', code: 0 }, { timeoutMs: 1500 })).toEqual({
    exitCode: 124,
    status: 'timedOut',
    signal: '',
    message: 'timed out after 1.5 s',
  });
  expect(exitOf({ kind: 'signalled', signal: 'KILL' }, { timeoutMs: 1 })).toMatchObject({
    signal: 'KILL',
  });
});
