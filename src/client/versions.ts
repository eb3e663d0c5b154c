/**
 * Two versions of sshpool and one agent: an agent of an older protocol is asked to retire, and the
 * call is made again with a new one; an agent of a newer protocol is left alone.
 */
import { createConnection } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import { pause } from '../base/time.ts';
import type { RuntimePaths } from '../config/paths.ts';
import { Peer } from '../wire/peer.ts';
import { PROTOCOL } from '../wire/protocol.ts';
import { OtherProtocol } from './call.ts';
import { connectAgent } from './connect.ts';

/** How long the old agent may take to give its socket up; what runs in it may take longer. */
const RETIRE_MS = 5000;
const LOOK_MS = 20;

/**
 * Runs a call; nothing was done yet where it rejects with OtherProtocol.
 * @throws SshpoolError AGENT_VERSION where the agent is newer than we are, or does not retire
 */
export async function withOwnProtocol<T>(
  paths: RuntimePaths,
  version: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (!(thrown instanceof OtherProtocol)) throw thrown;
    const { theirs } = thrown;
    const newer = theirs > PROTOCOL;
    if (newer || !(await retire(paths, version))) {
      throw SshpoolError.of('AGENT_VERSION', { theirs, ours: PROTOCOL });
    }
    return call();
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
  peer.end();
  const deadline = performance.now() + RETIRE_MS;
  while (performance.now() < deadline) {
    const socket = await connectAgent(paths);
    if (socket === undefined) return true;
    socket.destroy();
    await pause(LOOK_MS);
  }
  return false;
}
