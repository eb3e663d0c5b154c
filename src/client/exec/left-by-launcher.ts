/** Reads what the launcher left in the environment: that it gave the agent up, or a call that it began. */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { SshpoolError } from '../../base/errors.ts';
import { AGENT_GIVEN_UP, BEGUN_CALL } from '../../wire/start.ts';
import { beganEarlier } from './elapsed.ts';

/** @throws SshpoolError the reason if the launcher, after its own wait, gave the agent up */
export function throwGivenUp(): void {
  const { [AGENT_GIVEN_UP]: why } = process.env;
  if (why === undefined) return;
  delete process.env[AGENT_GIVEN_UP];
  const [code = '', waited, ...message] = why.split(' ');
  beganEarlier(Number(waited) || 0);
  throw SshpoolError.received(code, message.join(' '));
}

export function begunCall(): Socket | undefined {
  const { [BEGUN_CALL]: descriptor } = process.env;
  if (descriptor === undefined) return undefined;
  delete process.env[BEGUN_CALL];
  const fd = Number(descriptor);
  return isSocket(fd) ? new Socket({ fd, readable: true, writable: true }) : undefined;
}

function isSocket(fd: number): boolean {
  try {
    return fd > 2 && fstatSync(fd).isSocket();
  } catch {
    return false; // not set by the launcher: the call is made as usual
  }
}
