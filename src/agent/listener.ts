/**
 * The agent's socket: published in one step, so that callers never find one without a listener; or that of
 * a service manager (sd_listen_fds(3)), which goes on listening when the agent ends.
 */
import { linkSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { SshpoolError, describe } from '../base/errors.ts';
import type { RuntimePaths } from '../config/settings/paths.ts';
import { checkDir, ensureDir } from '../config/settings/private-directory.ts';
import { acceptSharing } from '../base/shared-reads.ts';
import { connectFailure, listenAlone } from '../base/unix-socket.ts';
import { agentPid } from '../config/settings/agent-pid.ts';
import { boundPath } from './inherited.ts';

type OnCaller = (socket: Socket) => void;

export class Listener {
  readonly #server: Server;
  readonly #socket: string;
  readonly #inode: bigint;
  readonly #inherited: boolean;

  /** `socket` undefined: another agent has taken the place, and only queued callers find this one. */
  private constructor(server: Server, socket: string | undefined, inherited: boolean) {
    this.#server = server;
    this.#socket = socket ?? '';
    this.#inode = (socket === undefined ? undefined : inodeOf(socket)) ?? 0n;
    this.#inherited = inherited;
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
    return new Listener(server, paths.socket, false);
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
    if (path !== undefined && path !== paths.socket) {
      const reason = `the service listens on ${path || 'no unix socket'}, and not on ${paths.socket}; call sshpool setup --service again`;
      throw SshpoolError.of('AGENT_START', { reason, log: paths.log });
    }
    const server = createServer(onCaller);
    await listenOn(server, descriptor);
    acceptSharing(server, onCaller);
    const other = await agentPid(paths);
    const displaced = other !== undefined && other !== process.pid;
    return new Listener(server, displaced ? undefined : paths.socket, true);
  }

  /** Whether the published path is still this socket. */
  get published(): boolean {
    return this.#socket !== '' && inodeOf(this.#socket) === this.#inode;
  }

  /**
   * Accepts no more callers; connected callers stay. The socket of a service manager gets another name: no
   * agent answers there until this one has ended, so that new callers have to start another; `waits`: that
   * may take a while.
   */
  close({ waits }: { readonly waits: boolean }): void {
    if (this.published && (waits || !this.#inherited)) {
      if (this.#inherited) renameSync(this.#socket, this.#aside);
      else rmSync(this.#socket, { force: true });
    }
    this.#server.close();
  }

  /** Gives a service manager its socket back, unless another agent has taken the place. @throws the system's error */
  restore(): void {
    if (!this.#inherited || this.#socket === '' || inodeOf(this.#aside) !== this.#inode) return;
    try {
      linkSync(this.#aside, this.#socket);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    } finally {
      rmSync(this.#aside, { force: true });
    }
  }

  get #aside(): string {
    return `${this.#socket}.aside`;
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
