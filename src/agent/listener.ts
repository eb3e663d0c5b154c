/** The agent's socket: published in one step, so that callers never find one without a listener. */
import { linkSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { SshpoolError, describe } from '../base/errors.ts';
import type { RuntimePaths } from '../config/settings/paths.ts';
import { checkDir, ensureDir } from '../config/settings/private-directory.ts';
import { acceptSharing } from '../base/shared-reads.ts';
import { connectFailure, listenAlone } from '../base/unix-socket.ts';

export class Listener {
  readonly #server: Server;
  readonly #socket: string;
  readonly #inode: bigint;

  private constructor(server: Server, socket: string) {
    this.#server = server;
    this.#socket = socket;
    this.#inode = inodeOf(socket) ?? 0n;
  }

  /**
   * Undefined if another agent listens. Needs the start lock: it removes a socket without a listener.
   * @throws SshpoolError UNSAFE_PATH, AGENT_START
   */
  static async publish(
    paths: RuntimePaths,
    onCaller: (socket: Socket) => void,
  ): Promise<Listener | undefined> {
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
    return new Listener(server, paths.socket);
  }

  /** Whether the published path is still this socket. */
  get published(): boolean {
    return inodeOf(this.#socket) === this.#inode;
  }

  /** Accepts no more callers; connected callers stay. */
  close(): void {
    if (this.published) rmSync(this.#socket, { force: true });
    this.#server.close();
  }
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
