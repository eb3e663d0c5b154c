/**
 * Repeats a call that no agent accepted. An agent that shuts down closes the connections of callers
 * that it has not greeted. An agent of an older protocol is asked to retire; one of a newer protocol is
 * left alone.
 */
import { createConnection } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import { pause } from '../base/time.ts';
import type { RuntimePaths } from '../config/paths.ts';
import { Peer } from '../wire/peer.ts';
import { PROTOCOL } from '../wire/protocol.ts';
import { NotGreeted, OtherProtocol } from './call.ts';
import { connectToAgent } from './connect.ts';

/** How long the old agent may take to close its socket; its running commands may take longer. */
const RETIRE_MS = 5000;
const LOOK_MS = 20;

/** How many times a call is tried if the agent closes without a hello. */
const MAX_ATTEMPTS = 5;

/**
 * Runs a call, which may start an agent; repeats it if it rejects with NotTaken.
 * @throws SshpoolError AGENT_VERSION if the agent is newer than this program or does not retire;
 * AGENT_LOST if no agent greets it
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
 * Runs a call that starts no agent; repeats it if the agent did not greet it.
 * @throws SshpoolError AGENT_VERSION if the agent speaks another protocol; AGENT_LOST
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

/** Asks the agent to retire if `refusal` shows that it is older; false for any other error. */
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

/** Resolves to whether the agent has closed its socket. */
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
