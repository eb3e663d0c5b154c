/** A link over an OpenSSH master (mux proxy), its only client: others could crash it (docs/DECISIONS.md). */
import { lend } from '../../base/borrowed.ts';
import type { Socket } from 'node:net';
import { describe, SshpoolError } from '../../base/errors.ts';
import { Fifo } from '../../base/fifo.ts';
import { FrameReader } from '../../base/frames.ts';
import { systemWords } from '../../base/system-words.ts';
import { ReplyBudget, TOO_MANY_REQUESTS } from '../link/reply-budget.ts';
import { FairReading } from '../link/fair-reading.ts';
import { MAX_EARLY, sizeOf, TOO_EARLY, type Link, type LinkEvents } from '../link/link.ts';
import { FIRST_CHANNEL_MESSAGE, LAST_CHANNEL_MESSAGE } from '../channel/messages.ts';
import { MUX_MAX_BYTES, muxPacket, muxRequests, readMuxPacket, readMuxReply } from './mux.ts';

export interface OpensshFacts {
  readonly host: string;
  readonly user: string;
  readonly reason: string;
  readonly serverVersion: string;
  readonly hostKey: string | undefined;
  readonly forcedCommand: boolean;
}

export class OpensshLink implements Link {
  readonly kind = 'openssh';
  readonly via = undefined;
  readonly reason: string;
  readonly user: string;
  readonly serverVersion: string;
  readonly hostKey: string | undefined;
  readonly forcedCommand: boolean;
  readonly #host: string;
  readonly #socket: Socket;
  readonly #frames = new FrameReader(MUX_MAX_BYTES);
  readonly #answers = new ReplyBudget();
  readonly #reading: FairReading;
  /** Packets that were read and not yet processed. */
  readonly #bodies = new Fifo<Buffer>();
  #pid: number | undefined;
  #onProxied: (() => void) | undefined;
  #onFailed: ((error: SshpoolError) => void) | undefined;
  #events: LinkEvents | undefined;
  #early: Buffer[] = [];
  #reason: SshpoolError | undefined;
  #closed = false;
  #corked = false;

  private constructor(socket: Socket, facts: OpensshFacts) {
    this.#socket = socket;
    this.#host = facts.host;
    this.reason = facts.reason;
    this.user = facts.user;
    this.serverVersion = facts.serverVersion;
    this.hostKey = facts.hostKey;
    this.forcedCommand = facts.forcedCommand;
    this.#reading = new FairReading(socket, () => this.#work());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // A socket error only sets the reason: the close event that follows ends the link.
    socket.on(
      'error',
      (error) => (this.#reason ??= this.#lost(systemWords(error) ?? describe(error))),
    );
    socket.on('close', () => this.#close());
  }

  /** Takes a master over by its control socket. @throws SshpoolError CONNECTION_LOST */
  static open(socket: Socket, facts: OpensshFacts): Promise<OpensshLink> {
    const link = new OpensshLink(socket, facts);
    socket.write(muxRequests());
    return new Promise((resolve, reject) => {
      link.#onFailed = reject;
      link.#onProxied = () => {
        link.#onFailed = undefined;
        resolve(link);
      };
    });
  }

  get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  get bytesOut(): number {
    return this.#socket.bytesWritten;
  }

  listen(events: LinkEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const payload of early) events.onMessage(lend(payload));
    if (this.#closed) events.onClose(this.#end());
  }

  send(message: readonly Buffer[]): void {
    if (this.#closed || !this.#socket.writable) return;
    if (!this.#corked) this.#cork();
    this.#socket.write(muxPacket(message));
  }

  answer(message: readonly Buffer[]): void {
    if (!this.#answers.take()) return this.destroy(this.#lost(TOO_MANY_REQUESTS));
    this.grant(message);
  }

  grant(message: readonly Buffer[]): void {
    this.#reading.answered(sizeOf(message));
    this.send(message);
  }

  /** Corks the socket until the next tick: each separate write would wake the master. */
  #cork(): void {
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  unref(): void {
    this.#socket.unref();
  }

  close(): void {
    this.#endMaster();
    this.#socket.destroy();
  }

  destroy(reason: SshpoolError): void {
    this.#reason ??= reason;
    this.close();
  }

  /** Only while the socket is open: then the process id is certainly the master's. */
  #endMaster(): void {
    if (this.#closed || this.#socket.destroyed || this.#pid === undefined) return;
    try {
      process.kill(this.#pid, 'SIGTERM');
    } catch {
      // It has just ended by itself.
    }
  }

  #receive(chunk: Buffer): void {
    this.#orEnd(() => {
      for (const body of this.#frames.push(chunk)) this.#bodies.push(body);
    });
    this.#reading.run();
  }

  #work(): boolean {
    this.#orEnd(() => {
      while (this.#bodies.length > 0 && !this.#reading.isOver) this.#take();
    });
    return this.#bodies.length > 0;
  }

  #take(): void {
    const body = this.#bodies.shift();
    if (body === undefined) return;
    if (this.#onProxied) this.#reply(body);
    else this.#deliver(readMuxPacket(body));
  }

  #orEnd(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.destroy(this.#lost(SshpoolError.from(thrown).message));
    }
  }

  #reply(body: Buffer): void {
    const reply = readMuxReply(body);
    if (reply.type === 'alive') this.#pid = reply.pid;
    else if (reply.type === 'refused') this.destroy(this.#lost(reply.reason));
    else if (reply.type === 'proxied') {
      const proxied = this.#onProxied;
      this.#onProxied = undefined;
      proxied?.();
    }
  }

  #deliver(payload: Buffer): void {
    const number = payload[0] ?? 0;
    // Other messages are for the master itself.
    if (number < FIRST_CHANNEL_MESSAGE || number > LAST_CHANNEL_MESSAGE) return;
    if (this.#events) this.#events.onMessage(lend(payload));
    else if (this.#early.length < MAX_EARLY) this.#early.push(payload);
    else this.destroy(this.#lost(TOO_EARLY));
  }

  #close(): void {
    if (this.#closed) return;
    // Packets received before the end count, even if they were not processed yet.
    this.#orEnd(() => {
      while (this.#bodies.length > 0 && this.#reason === undefined) this.#take();
    });
    this.#closed = true;
    this.#onFailed?.(this.#end());
    this.#events?.onClose(this.#end());
  }

  #end(): SshpoolError {
    return this.#reason ?? this.#lost('ssh ended the connection');
  }

  #lost(reason: string): SshpoolError {
    return SshpoolError.of('CONNECTION_LOST', { host: this.#host, reason });
  }
}
