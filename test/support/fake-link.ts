/**
 * A link without a network. It keeps the decoded messages that were sent. The test answers as the server,
 * either by hand or with the built-in server, which behaves like OpenSSH.
 */
import { lend } from '../../src/base/borrowed.ts';
import { SshpoolError } from '../../src/base/errors.ts';
import { Writer } from '../../src/base/bytes.ts';
import type { Link, LinkEvents } from '../../src/ssh/link/link.ts';
import {
  decodeChannelMessage,
  encodeChannelMessage,
  OPEN_FAILURE,
  type ChannelMessage,
} from '../../src/ssh/channel/messages.ts';

/** The window that OpenSSH grants for a session. */
export const SERVER_WINDOW = 2 * 1024 * 1024;
export const SERVER_MAX_PACKET = 32 * 1024;

/** Messages of an open channel: each has its recipient's number. */
export type Addressed = Exclude<ChannelMessage, { type: 'open' }>;
export type SentOf<T extends ChannelMessage['type']> = Extract<ChannelMessage, { type: T }>;

/** The server's side of one session that the client opened; its id is the client's. */
export interface ServerSession {
  readonly client: number;
  readonly server: number;
  /** The command once it was requested; empty for a shell. */
  command: string | undefined;
  /** The client has sent CLOSE. */
  left: boolean;
}

export interface FakeLinkOptions {
  readonly user?: string;
  readonly serverVersion?: string;
  readonly hostKey?: string;
  readonly forcedCommand?: boolean;
  /** Answers as OpenSSH does; by default only the test answers. */
  readonly auto?: boolean;
  /** Maximum of open sessions at the automatic server: MaxSessions of sshd_config(5). */
  readonly maxSessions?: number;
  /** Maximum of sessions that it opens in all, as tinysshd opens one. */
  readonly maxOpened?: number;
  /** When the last session is closed, the server answers no more, and then ends the connection. */
  readonly endsWithLast?: boolean;
  /** After `close` or `destroy`, onClose is called by `flush` only, not soon afterwards. */
  readonly closesByHand?: boolean;
}

const FIRST_SERVER_ID = 100;

export class FakeLink implements Link {
  readonly kind = 'openssh';
  readonly via = undefined;
  readonly reason = 'a test';
  readonly user: string;
  readonly serverVersion: string;
  readonly hostKey: string | undefined;
  readonly forcedCommand: boolean;
  bytesIn = 0;
  bytesOut = 0;
  /** Every message that was sent, oldest first. */
  readonly sent: ChannelMessage[] = [];
  /** Why `destroy` was called. */
  destroyed: SshpoolError | undefined;
  /** `close` was called. */
  leaving = false;
  /** onClose was called. */
  ended = false;
  /** The automatic server answers no open and no request, and does not return CLOSE. */
  mute = false;
  /** Messages that the automatic server never answers. */
  ignores: (message: ChannelMessage) => boolean = () => false;
  /** Requests that the automatic server grants, besides those that start a command. */
  readonly grants = new Set(['env', 'auth-agent-req@openssh.com']);
  maxSessions: number;
  readonly #maxOpened: number;
  readonly #endsWithLast: boolean;
  readonly #auto: boolean;
  readonly #closesByHand: boolean;
  #events: LinkEvents | undefined;
  #early: Buffer[] = [];
  /** The reason of a close that was not reported yet. */
  #pending: SshpoolError | undefined;
  readonly #sessions = new Map<number, ServerSession>();
  #lastServerId = FIRST_SERVER_ID;
  #unanswered: ChannelMessage[] = [];

  constructor(options: FakeLinkOptions = {}) {
    this.user = options.user ?? 'user';
    this.serverVersion = options.serverVersion ?? 'OpenSSH_9.2p1';
    this.hostKey = options.hostKey;
    this.forcedCommand = options.forcedCommand ?? false;
    this.maxSessions = options.maxSessions ?? 10;
    this.#maxOpened = options.maxOpened ?? Infinity;
    this.#endsWithLast = options.endsWithLast ?? false;
    this.#auto = options.auto ?? false;
    this.#closesByHand = options.closesByHand ?? false;
  }

  listen(events: LinkEvents): void {
    if (this.#events) throw new Error('a link has one listener');
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const payload of early) events.onMessage(lend(payload));
    if (this.#pending) this.flush();
  }

  send(parts: readonly Buffer[]): void {
    const message = Buffer.concat(parts);
    if (this.ended) return;
    this.bytesOut += message.length;
    const decoded = decodeChannelMessage(Buffer.from(message));
    this.sent.push(decoded);
    if (!this.#auto) return;
    // As over a network, an answer never arrives while the request is still being sent.
    queueMicrotask(() => this.#answer(decoded));
  }

  answer(parts: readonly Buffer[]): void {
    this.send(parts);
  }

  grant(parts: readonly Buffer[]): void {
    this.send(parts);
  }

  unref(): void {
    // A fake link keeps no process alive.
  }

  close(): void {
    this.leaving = true;
    this.#end(SshpoolError.of('CONNECTION_LOST', { host: 'fake', reason: 'we left' }));
  }

  destroy(reason: SshpoolError): void {
    this.destroyed ??= reason;
    this.#end(reason);
  }

  /** The server or the network ends the link. */
  lose(reason = 'the network is gone'): void {
    this.#pending ??= SshpoolError.of('CONNECTION_LOST', { host: 'fake', reason });
    this.flush();
  }

  /** Reports a close that is pending. */
  flush(): void {
    const reason = this.#pending;
    if (this.ended || reason === undefined || this.#events === undefined) return;
    this.ended = true;
    this.#events.onClose(reason);
  }

  /** The server sends a message. */
  receive(message: ChannelMessage): void {
    this.receiveBytes(Buffer.concat(encodeChannelMessage(message)));
  }

  receiveBytes(payload: Buffer): void {
    if (this.ended || this.destroyed) return;
    this.bytesIn += payload.length;
    if (this.#events) this.#events.onMessage(lend(payload));
    else this.#early.push(payload);
  }

  /** The sent messages of this type. */
  sentOf<T extends ChannelMessage['type']>(type: T): SentOf<T>[] {
    return this.sent.filter((message): message is SentOf<T> => message.type === type);
  }

  /** The names of all requests, in order. */
  get requests(): string[] {
    return this.sentOf('request').map(({ name }) => name);
  }

  /** Open sessions of the automatic server. */
  get sessions(): ServerSession[] {
    return [...this.#sessions.values()];
  }

  /** Open sessions that run a command. */
  get running(): ServerSession[] {
    return this.sessions.filter(({ command }) => command !== undefined);
  }

  /** The command ends with an exit status, and its channel is closed. */
  exit(session: ServerSession, code = 0): void {
    const payload = new Writer().u32(code).finish();
    const { client: recipient } = session;
    this.receive({ type: 'request', recipient, name: 'exit-status', wantReply: false, payload });
    this.receive({ type: 'eof', recipient });
    this.closeSession(session);
  }

  /** The command prints this many bytes. */
  print({ client: recipient }: ServerSession, bytes: number): void {
    for (let left = bytes; left > 0; left -= SERVER_MAX_PACKET) {
      this.receive({
        type: 'data',
        recipient,
        data: Buffer.alloc(Math.min(left, SERVER_MAX_PACKET)),
      });
    }
  }

  /** The server closes a session. */
  closeSession(session: ServerSession): void {
    if (!this.#sessions.delete(session.client)) return;
    this.receive({ type: 'close', recipient: session.client });
    if (!this.#endsWithLast || this.#sessions.size > 0) return;
    this.mute = true;
    setImmediate(() => this.lose());
  }

  /** Answers the messages that arrived while the server was mute. */
  unmute(): void {
    this.mute = false;
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    for (const message of unanswered) this.#answer(message);
  }

  #end(reason: SshpoolError): void {
    this.#pending ??= reason;
    if (!this.#closesByHand) queueMicrotask(() => this.flush());
  }

  #answer(message: ChannelMessage): void {
    if (this.ended || this.destroyed) return;
    if (this.mute) {
      this.#unanswered.push(message);
      return;
    }
    if (this.ignores(message)) return;
    if (message.type === 'open') {
      this.#open(message);
      return;
    }
    const session = this.sessions.find(({ server }) => server === message.recipient);
    if (session === undefined) return;
    if (message.type === 'close') {
      session.left = true;
      this.closeSession(session);
    } else if (message.type === 'request') this.#request(session, message);
  }

  #open(message: SentOf<'open'>): void {
    const { sender: recipient } = message;
    if (message.channelType !== 'session') {
      const reason = OPEN_FAILURE.unknownType;
      this.receive({ type: 'open-failure', recipient, reason, description: 'open failed' });
      return;
    }
    const opened = this.#lastServerId - FIRST_SERVER_ID;
    if (this.#sessions.size >= this.maxSessions || opened >= this.#maxOpened) {
      const reason = OPEN_FAILURE.prohibited;
      this.receive({ type: 'open-failure', recipient, reason, description: 'open failed' });
      return;
    }
    const server = ++this.#lastServerId;
    this.#sessions.set(recipient, { client: recipient, server, command: undefined, left: false });
    // sshd grants no window before a command reads it.
    const [window, maxPacket] = [0, SERVER_MAX_PACKET];
    this.receive({ type: 'open-confirmation', recipient, sender: server, window, maxPacket });
  }

  #request(session: ServerSession, message: SentOf<'request'>): void {
    const { client: recipient } = session;
    const starts = message.name === 'exec' || message.name === 'shell';
    if (starts) {
      session.command = message.name === 'exec' ? message.payload.subarray(4).toString() : '';
      this.receive({ type: 'window-adjust', recipient, bytes: SERVER_WINDOW });
    }
    const granted = starts || this.grants.has(message.name);
    if (message.wantReply) this.receive({ type: granted ? 'success' : 'failure', recipient });
  }
}

/** Runs everything that needs no time: promises, and the answers of automatic servers. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
