/** A service manager that listens on the agent's socket, as systemd does: see sd_listen_fds(3). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { listenAlone } from '../../src/base/unix-socket.ts';
import { PROGRAM, stopAgentAtTheEnd } from './cli.ts';
import type { Sandbox } from './sandbox.ts';

/** Holds the socket as descriptor 3, which it never reads, and starts an agent for each line. */
const HOLDER = `while read -r count; do
  sh -c 'LISTEN_PID=$$ LISTEN_FDS=$1; export LISTEN_PID LISTEN_FDS; shift; exec "$@"' sh "$count" "$@" &
done`;

export interface ServiceManager {
  /** Starts an agent, which gets so many sockets, or is told so. */
  start(sockets?: number): void;
  /** Ends the manager, but not its agents; resolves to what these wrote to standard error. */
  end(): Promise<string>;
}

/** At the end of the sandbox manager and agents end. */
export async function serviceManager(
  sandbox: Sandbox,
  socket: string = sandbox.paths.service,
): Promise<ServiceManager> {
  const server = createServer();
  await listenAlone(server, socket);
  const { _handle: handle } = server as unknown as { readonly _handle: { readonly fd: number } };
  const words = ['-c', HOLDER, 'sh', PROGRAM, 'agent', 'run'];
  const holder = spawn('/bin/sh', words, {
    cwd: sandbox.home,
    env: sandbox.env,
    stdio: ['pipe', 'ignore', 'pipe', handle.fd],
  });
  await once(holder, 'spawn');
  // Node removes the file of a socket that it closes: this one is the holder's now.
  renameSync(socket, `${socket}.kept`);
  server.close();
  renameSync(`${socket}.kept`, socket);
  linkSync(socket, sandbox.paths.socket);
  const said = text(holder.stderr as Readable);
  const ended = once(holder, 'exit');
  const end = (): void => void holder.stdin?.end();
  stopAgentAtTheEnd(sandbox);
  // Deferred later, so done first: a listening socket would look like an agent that does not answer.
  sandbox.defer(async () => {
    end();
    await ended;
  });
  return {
    start: (sockets = 1) => void holder.stdin?.write(`${sockets}\n`),
    end() {
      end();
      return said;
    },
  };
}
