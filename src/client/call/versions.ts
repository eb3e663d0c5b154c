/** Repeats a call that no agent accepted. An agent of an older protocol has to retire; a newer one stays. */
import { createConnection } from 'node:net';
import { SshpoolError } from '../../base/errors.ts';
import { pause } from '../../base/time.ts';
import type { RuntimePaths } from '../../config/settings/paths.ts';
import { Peer } from '../../wire/peer.ts';
import { PROTOCOL } from '../../wire/protocol.ts';
import { NotGreeted, OtherProtocol } from './call.ts';
import { connectToAgent } from './connect.ts';

/** How long the old agent may take to close its socket; its running commands may take longer. */
const RETIRE_MS = 5000;
const LOOK_MS = 20;

/** How many times a call is tried if the agent closes without a hello. */
const MAX_ATTEMPTS = 5;

/** The call may start an agent. @throws SshpoolError AGENT_VERSION (newer, or does not retire), AGENT_LOST */
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

/** The call starts no agent. @throws SshpoolError AGENT_VERSION for any other protocol; AGENT_LOST */
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
