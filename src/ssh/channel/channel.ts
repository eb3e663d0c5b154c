/** One channel of RFC 4254 section 5: its phases, its windows, its request replies. */
import { lend, type Borrowed } from '../../base/borrowed.ts';
import { Credit } from '../../base/credit.ts';
import type { SshpoolError } from '../../base/errors.ts';
import type { Moves } from '../../base/moves.ts';
import { STDERR, type ChannelMessage } from './messages.ts';

/** What OpenSSH grants for a session without a terminal (channels.h, CHAN_SES_WINDOW_DEFAULT). */
export const WINDOW = 2 * 1024 * 1024;
export const MAX_PACKET = 32 * 1024;

/** The most packets in one write: a peer may ask for packets of one byte. */
const MAX_AT_ONCE = 1024;
/** RFC 4254 section 5.2: no window is larger. */
const MAX_WINDOW = 2 ** 32 - 1;

export interface ChannelEvents {
  onOpen(): void;
  onRefused(reason: number, description: string): void;
  onData(data: Borrowed): void;
  onStderr(data: Borrowed): void;
  onEof(): void;
  /** The send window has grown to `bytes`. */
  onWindow(bytes: number): void;
  /** True grants it; unknown ones are refused. */
  onRequest(name: string, payload: Buffer): boolean;
  /** Last; without onOpen before it if the link was lost, or if the channel was closed while it opened. */
  onClose(error: SshpoolError | undefined): void;
}

export type Phase = 'opening' | 'abandoned' | 'open' | 'closing' | 'closed';
export type PhaseEvent = 'confirmed' | 'refused' | 'left' | 'peer-closed' | 'lost';

/** `abandoned`: closed here before the server answered its open; CLOSE is sent once that is confirmed. */
export const PHASES: Moves<Phase, PhaseEvent> = {
  opening: { confirmed: 'open', refused: 'closed', left: 'abandoned', lost: 'closed' },
  abandoned: { confirmed: 'closing', refused: 'closed', lost: 'closed' },
  open: { left: 'closing', 'peer-closed': 'closed', lost: 'closed' },
  closing: { 'peer-closed': 'closed', lost: 'closed' },
  closed: {},
};

type Reply = (granted: boolean) => void;
export type OpenMessage = Omit<Extract<ChannelMessage, { type: 'open' }>, 'type'>;
type Send = (message: ChannelMessage) => void;

export class Channel {
  readonly #send: Send;
  readonly #events: ChannelEvents;
  readonly #open: OpenMessage | undefined;
  #phase: Phase = 'opening';
  #remoteId = 0;
  readonly #toSend = new Credit();
  /** The largest credit for sending so far. */
  #fullWindow = 0;
  #maxPacket = 0;
  readonly #toReceive: Credit;
  /** Consumed bytes are granted again in portions of at least this size. */
  readonly #grantBytes: number;
  #consumed = 0;
  #eofSent = false;
  #eofReceived = false;
  #replies: Reply[] = [];

  /** `window`: bytes that the peer may send before some are consumed; no `open` if the peer opened it. */
  constructor(send: Send, window: number, events: ChannelEvents, open?: OpenMessage) {
    this.#send = send;
    this.#toReceive = new Credit(window);
    this.#grantBytes = window / 8;
    this.#events = events;
    this.#open = open;
  }

  open(): void {
    if (this.#open) this.#send({ type: 'open', ...this.#open });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get sendWindow(): number {
    return this.#toSend.left;
  }

  /** The most bytes to write at once, so that other channels get their turn. */
  get bytesAtOnce(): number {
    return Math.min(this.#toSend.left, this.#maxPacket * MAX_AT_ONCE);
  }

  /** Bytes sent that the peer has not granted again: some may be in flight. */
  get unconfirmed(): number {
    return this.#fullWindow - this.#toSend.left;
  }

  /** At most `sendWindow` bytes; nothing is sent after `end` or `close`. */
  write(data: Buffer): void {
    if (this.#phase !== 'open' || this.#eofSent) return;
    this.#toSend.spend(data.length);
    for (let at = 0; at < data.length; at += this.#maxPacket) {
      const part = data.subarray(at, at + this.#maxPacket);
      this.#send({ type: 'data', recipient: this.#remoteId, data: part });
    }
  }

  /** Half-closes: the peer can still send. */
  end(): void {
    if (this.#phase !== 'open' || this.#eofSent) return;
    this.#eofSent = true;
    this.#send({ type: 'eof', recipient: this.#remoteId });
  }

  /** `onReply` asks for a reply; it gets false if the link is lost, too. */
  request(name: string, payload: Buffer, onReply?: Reply): void {
    if (this.#phase !== 'open') {
      onReply?.(false);
      return;
    }
    if (onReply) this.#replies.push(onReply);
    const wantReply = onReply !== undefined;
    this.#send({ type: 'request', recipient: this.#remoteId, name, wantReply, payload });
  }

  /** The caller has processed `bytes`: the peer may send as many again. */
  consume(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < this.#grantBytes || this.#phase !== 'open') return;
    this.#toReceive.grant(this.#consumed);
    this.#send({ type: 'window-adjust', recipient: this.#remoteId, bytes: this.#consumed });
    this.#consumed = 0;
  }

  close(): void {
    this.#transition('left', undefined);
  }

  lose(error: SshpoolError): void {
    this.#transition('lost', error);
  }

  /** False where the message violates the protocol. */
  receive(message: ChannelMessage): boolean {
    // A channel does not exist until the peer has answered its open.
    const isUnanswered = this.#phase === 'opening' || this.#phase === 'abandoned';
    if (isUnanswered && message.type !== 'open-confirmation' && message.type !== 'open-failure') {
      return false;
    }
    switch (message.type) {
      case 'open-confirmation':
        return this.#confirm(message);
      case 'open-failure':
        if (!this.#transition('refused', undefined)) return false;
        this.#events.onRefused(message.reason, message.description);
        return true;
      case 'data':
        return this.#receiveData(message.data, (data) => this.#events.onData(data));
      case 'extended-data':
        // RFC 4254 defines no other extended data; unknown data is dropped, but counts for the window.
        return this.#receiveData(message.data, (data) =>
          message.code === STDERR ? this.#events.onStderr(data) : this.consume(data.length),
        );
      case 'window-adjust':
        if (message.bytes > MAX_WINDOW - this.#toSend.left) return false;
        this.#grow(message.bytes);
        if (this.#phase === 'open') this.#events.onWindow(this.#toSend.left);
        return true;
      case 'eof':
        if (this.#phase === 'open' && !this.#eofReceived) this.#events.onEof();
        this.#eofReceived = true;
        return true;
      case 'request':
        this.#answer(message.name, message.payload, message.wantReply);
        return true;
      case 'success':
      case 'failure':
        // As in OpenSSH, a reply to no request means nothing.
        this.#replies.shift()?.(message.type === 'success');
        return true;
      case 'close':
        return this.#transition('peer-closed', undefined);
      case 'open':
        return false;
    }
  }

  #confirm(message: Extract<ChannelMessage, { type: 'open-confirmation' }>): boolean {
    if (this.#phase !== 'opening' && this.#phase !== 'abandoned') return false;
    if (message.maxPacket === 0) return false;
    this.#remoteId = message.sender;
    this.#grow(message.window);
    this.#maxPacket = Math.min(message.maxPacket, MAX_PACKET);
    return this.#transition('confirmed', undefined);
  }

  #grow(bytes: number): void {
    this.#toSend.grant(bytes);
    this.#fullWindow = Math.max(this.#fullWindow, this.#toSend.left);
  }

  #receiveData(data: Buffer, deliver: (data: Borrowed) => void): boolean {
    if (data.length > this.#toReceive.left) return false;
    this.#toReceive.spend(data.length);
    // Nothing is delivered after a close on this side, nor after the peer's EOF (section 5.3).
    if (this.#phase === 'open' && !this.#eofReceived) deliver(lend(data));
    return true;
  }

  #answer(name: string, payload: Buffer, wantReply: boolean): void {
    const granted = this.#phase === 'open' && this.#events.onRequest(name, payload);
    // After this side's CLOSE nothing may be sent on the channel (RFC 4254 section 5.3).
    if (!wantReply || this.#phase !== 'open') return;
    this.#send({ type: granted ? 'success' : 'failure', recipient: this.#remoteId });
  }

  /** The only place where the phase changes; false where `event` is not legal in it. */
  #transition(event: PhaseEvent, error: SshpoolError | undefined): boolean {
    const from = this.#phase;
    const to = PHASES[from][event];
    if (to === undefined) return false;
    this.#phase = to;
    if (to === 'closing' || (from === 'open' && event === 'peer-closed')) {
      this.#send({ type: 'close', recipient: this.#remoteId });
    }
    if (to === 'open') this.#events.onOpen();
    if (to === 'closed') this.#finish(from, error);
    return true;
  }

  #finish(from: Phase, error: SshpoolError | undefined): void {
    const unanswered = this.#replies;
    this.#replies = [];
    for (const onReply of unanswered) onReply(false);
    const wasOpen = from === 'open' || from === 'closing';
    if (wasOpen || error !== undefined) this.#events.onClose(error);
  }
}
