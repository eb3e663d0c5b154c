/**
 * The agent's socket: published in one step, so that nobody meets one that does not listen yet,
 * and taken away only while it is still ours.
 */
import { linkSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { SshpoolError, describe } from '../base/errors.ts';
import type { RuntimePaths } from '../config/paths.ts';
import { checkDir, ensureDir } from '../config/private-directory.ts';
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
   * Listens, or resolves to undefined where another agent does already. The caller holds the
   * start lock, so a socket that nobody answers on may be taken away.
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

  /** Whether callers still find us under the published name. */
  get published(): boolean {
    return inodeOf(this.#socket) === this.#inode;
  }

  /** Takes no more callers; those that are connected stay. */
  close(): void {
    if (this.published) rmSync(this.#socket, { force: true });
    this.#server.close();
  }
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
