/**
 * A call made again where no agent took it. One that leaves closes the connections of callers that it
 * has not greeted; one of an older protocol is asked to retire; one of a newer protocol is left alone.
 */
import { createConnection } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import { pause } from '../base/time.ts';
import type { RuntimePaths } from '../config/paths.ts';
import { Peer } from '../wire/peer.ts';
import { PROTOCOL } from '../wire/protocol.ts';
import { NotGreeted, OtherProtocol } from './call.ts';
import { connectToAgent } from './connect.ts';

/** How long the old agent may take to give its socket up; what runs in it may take longer. */
const RETIRE_MS = 5000;
const LOOK_MS = 20;

/** How often a call is made before an agent that greets no caller is given up. */
const MAX_ATTEMPTS = 5;

/**
 * Runs a call, which may start an agent; again where it rejects with NotTaken.
 * @throws SshpoolError AGENT_VERSION where the agent is newer than we are, or does not retire;
 * AGENT_LOST where no agent greets us
 */
export async function withAgent<T>(
  paths: RuntimePaths,
  version: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await untilGreeted(paths, call);
  } catch (thrown) {
    if (!(thrown instanceof OtherProtocol)) throw thrown;
    const newer = thrown.theirs > PROTOCOL;
    if (newer || !(await retire(paths, version))) throw otherVersion(thrown);
  }
  return withRunningAgent(paths, call);
}

/**
 * Runs a call that starts no agent; again where the agent did not greet it.
 * @throws SshpoolError AGENT_VERSION where the agent speaks another protocol; AGENT_LOST
 */
export async function withRunningAgent<T>(paths: RuntimePaths, call: () => Promise<T>): Promise<T> {
  try {
    return await untilGreeted(paths, call);
  } catch (thrown) {
    throw thrown instanceof OtherProtocol ? otherVersion(thrown) : thrown;
  }
}

function otherVersion(thrown: OtherProtocol): SshpoolError {
  return SshpoolError.of('AGENT_VERSION', { theirs: thrown.theirs, ours: PROTOCOL }, thrown);
}

/** Asks an agent to retire that is older, as `refusal` of a call says; false for any other error. */
export async function retireOlder(
  paths: RuntimePaths,
  version: string,
  { cause }: SshpoolError,
): Promise<boolean> {
  return cause instanceof OtherProtocol && cause.theirs < PROTOCOL && retire(paths, version);
}

async function untilGreeted<T>(paths: RuntimePaths, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (thrown) {
      if (!(thrown instanceof NotGreeted)) throw thrown;
      if (attempt === MAX_ATTEMPTS) throw SshpoolError.of('AGENT_LOST', { log: paths.log });
      await pause(attempt * LOOK_MS);
    }
  }
}

/** Resolves to whether the agent has given its socket up. */
async function retire(paths: RuntimePaths, version: string): Promise<boolean> {
  const peer = new Peer(createConnection(paths.socket), {
    onMessage: () => undefined,
    onClose: () => undefined,
  });
  peer.send({ type: 'hello', protocol: PROTOCOL, version, capabilities: [] });
  peer.send({ type: 'retire' });
  const deadline = performance.now() + RETIRE_MS;
  try {
    while (performance.now() < deadline) {
      const socket = await connectToAgent(paths);
      if (socket === undefined) return true;
      socket.destroy();
      await pause(LOOK_MS);
    }
    return false;
  } finally {
    peer.destroy();
  }
}
