/** What the launcher leaves in the environment when it has given the agent up. */
import { SshpoolError } from '../../base/errors.ts';
import { AGENT_GIVEN_UP } from '../../wire/start.ts';
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
