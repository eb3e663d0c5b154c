/**
 * The agent's socket: published in one step, so that callers never find one without a listener. That of a
 * service manager (sd_listen_fds(3)), which goes on listening when the agent ends, has a name of its own, and
 * is linked to the one where callers look.
 */
import { linkSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { SshpoolError, describe } from '../base/errors.ts';
import type { RuntimePaths } from '../config/settings/paths.ts';
import { checkDir, ensureDir } from '../config/settings/private-directory.ts';
import { acceptSharing } from '../base/shared-reads.ts';
import { connectFailure, listenAlone } from '../base/unix-socket.ts';
import { boundPath } from './inherited.ts';

type OnCaller = (socket: Socket) => void;

export class Listener {
  readonly #server: Server;
  readonly #paths: RuntimePaths;
  readonly #inherited: boolean;
  readonly #inode: bigint | undefined;

  private constructor(server: Server, paths: RuntimePaths, inherited: boolean) {
    this.#server = server;
    this.#paths = paths;
    this.#inherited = inherited;
    this.#inode = inodeOf(inherited ? paths.service : paths.socket);
  }

  /**
   * Undefined if another agent listens. Needs the start lock: it removes a socket without a listener.
   * @throws SshpoolError UNSAFE_PATH, AGENT_START
   */
  static async publish(paths: RuntimePaths, onCaller: OnCaller): Promise<Listener | undefined> {
    ensureDir(paths.dir);
    checkDir(paths.dir, process.getuid?.() ?? 0);
    if ((await connectFailure(paths.socket)) === undefined) return undefined;
    const server = createServer(onCaller);
    const temporary = `${paths.socket}.${process.pid}`;
    rmSync(temporary, { force: true });
    await listenAlone(server, temporary);
    acceptSharing(server, onCaller);
    rmSync(paths.socket, { force: true });
    try {
      linkSync(temporary, paths.socket);
    } catch (thrown) {
      server.close();
      throw SshpoolError.of('AGENT_START', { reason: describe(thrown), log: paths.log }, thrown);
    } finally {
      rmSync(temporary, { force: true });
    }
    return new Listener(server, paths, false);
  }

  /** `descriptor` listens already. @throws SshpoolError UNSAFE_PATH; AGENT_START if not where callers look */
  static async inherit(
    paths: RuntimePaths,
    descriptor: number,
    onCaller: OnCaller,
  ): Promise<Listener> {
    checkDir(paths.dir, process.getuid?.() ?? 0);
    const path = boundPath(descriptor);
    // Anything but a socket in the private directory could be another user's way in.
    if (path !== undefined && path !== paths.service) {
      const reason = `the service listens on ${path || 'no unix socket'}, and not on ${paths.service}; call sshpool setup --service again`;
      throw SshpoolError.of('AGENT_START', { reason, log: paths.log });
    }
    const server = createServer(onCaller);
    await listenOn(server, descriptor);
    acceptSharing(server, onCaller);
    return new Listener(server, paths, true);
  }

  /** Whether callers find this socket, and not that of another agent. */
  get published(): boolean {
    return this.#inode !== undefined && inodeOf(this.#paths.socket) === this.#inode;
  }

  /** Accepts no more callers; connected callers stay. */
  close(): void {
    if (this.published) rmSync(this.#paths.socket, { force: true });
    if (!this.#inherited) return void this.#server.close();
    // Callers that have connected before would wait in the manager's queue: one more turn accepts them all.
    setImmediate(() => setImmediate(() => this.#server.close()));
  }

  /**
   * At the agent's end: callers find the socket of the service manager again, unless another agent has taken the
   * place or the manager has stopped listening. @throws the system's error
   */
  restore(): void {
    if (!this.#inherited) return;
    try {
      linkSync(this.#paths.service, this.#paths.socket);
    } catch (thrown) {
      const { code = '' } = thrown as NodeJS.ErrnoException;
      if (code !== 'EEXIST' && code !== 'ENOENT') throw thrown;
    }
  }
}

function listenOn(server: Server, descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd: descriptor }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
