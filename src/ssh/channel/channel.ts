/**
 * One channel of RFC 4254 section 5: its phases, its windows, its request replies. It sends
 * messages through the function it is given and knows neither links nor what the channel is for.
 */
import type { SshpoolError } from '../../base/errors.ts';
import { STDERR, type ChannelMessage } from './messages.ts';

/** What OpenSSH grants for a session without a terminal (channels.h, CHAN_SES_WINDOW_DEFAULT). */
export const WINDOW = 2 * 1024 * 1024;
export const MAX_PACKET = 32 * 1024;

/** Packets that are written in one go at most: a peer may ask for packets of one byte. */
const MAX_AT_ONCE = 1024;
/** RFC 4254 section 5.2: no window is larger. */
const MAX_WINDOW = 2 ** 32 - 1;

export interface ChannelEvents {
  onOpen(): void;
  /** The open was refused; the channel is closed. */
  onRefused(reason: number, description: string): void;
  /** The bytes are good until the listener returns, here and below. */
  onData(data: Buffer): void;
  onStderr(data: Buffer): void;
  onEof(): void;
  /** The peer may be sent so many bytes now, in all. */
  onWindow(bytes: number): void;
  /** A request of the peer; true grants it, false refuses it (unknown ones are refused). */
  onRequest(name: string, payload: Buffer): boolean;
  /** Exactly once after onOpen: CLOSE was received, or the link was lost. */
  onClose(error: SshpoolError | undefined): void;
}

export type Phase = 'opening' | 'abandoned' | 'open' | 'closing' | 'closed';
export type PhaseEvent = 'confirmed' | 'refused' | 'left' | 'peer-closed' | 'lost';

/**
 * All moves of a channel. `abandoned` is a channel that was left while its open was under way: it
 * closes as soon as it is confirmed. A slot at the server is free only once `closed` is reached.
 */
export const PHASES: Readonly<Record<Phase, Readonly<Partial<Record<PhaseEvent, Phase>>>>> = {
  opening: { confirmed: 'open', refused: 'closed', left: 'abandoned', lost: 'closed' },
  abandoned: { confirmed: 'closing', refused: 'closed', lost: 'closed' },
  open: { left: 'closing', 'peer-closed': 'closed', lost: 'closed' },
  closing: { 'peer-closed': 'closed', lost: 'closed' },
  closed: {},
};

type Reply = (granted: boolean) => void;
type Send = (message: ChannelMessage) => void;

export class Channel {
  readonly #send: Send;
  readonly #events: ChannelEvents;
  #phase: Phase = 'opening';
  #remoteId = 0;
  #sendWindow = 0;
  /** The largest that it was. */
  #fullWindow = 0;
  #maxPacket = 0;
  #receiveWindow: number;
  /** Consumed bytes are granted anew in portions of at least this size. */
  readonly #grantBytes: number;
  #consumed = 0;
  #eofSent = false;
  #eofReceived = false;
  #replies: Reply[] = [];

  /** `window`: how many bytes the peer may send before some are consumed. */
  constructor(send: Send, window: number, events: ChannelEvents) {
    this.#send = send;
    this.#receiveWindow = window;
    this.#grantBytes = window / 8;
    this.#events = events;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Bytes that may be written now. */
  get sendWindow(): number {
    return this.#sendWindow;
  }

  /** Bytes that are best written in one go, so that others have their turn between. */
  get bytesAtOnce(): number {
    return Math.min(this.#sendWindow, this.#maxPacket * MAX_AT_ONCE);
  }

  /** Bytes that were sent and that the peer has not granted anew: some may be under way. */
  get unconfirmed(): number {
    return this.#fullWindow - this.#sendWindow;
  }

  /** Sends data; never more than `sendWindow`, and nothing after `end` or once left. */
  write(data: Buffer): void {
    if (this.#phase !== 'open' || this.#eofSent) return;
    if (data.length > this.#sendWindow) throw new RangeError('more data than the window takes');
    this.#sendWindow -= data.length;
    for (let at = 0; at < data.length; at += this.#maxPacket) {
      const part = data.subarray(at, at + this.#maxPacket);
      this.#send({ type: 'data', recipient: this.#remoteId, data: part });
    }
  }

  /** Half-closes: the peer sees the end of its input, output goes on. */
  end(): void {
    if (this.#phase !== 'open' || this.#eofSent) return;
    this.#eofSent = true;
    this.#send({ type: 'eof', recipient: this.#remoteId });
  }

  /** Sends a request; `onReply`, where given, asks for a reply and gets it, false also on loss. */
  request(name: string, payload: Buffer, onReply?: Reply): void {
    if (this.#phase !== 'open') {
      onReply?.(false);
      return;
    }
    if (onReply) this.#replies.push(onReply);
    const wantReply = onReply !== undefined;
    this.#send({ type: 'request', recipient: this.#remoteId, name, wantReply, payload });
  }

  /** So many received bytes have left our hands: the peer may send as many again. */
  consume(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < this.#grantBytes || this.#phase !== 'open') return;
    this.#receiveWindow += this.#consumed;
    this.#send({ type: 'window-adjust', recipient: this.#remoteId, bytes: this.#consumed });
    this.#consumed = 0;
  }

  /** Asks for the end of the channel. Its end is onClose. */
  close(): void {
    this.#transition('left', undefined);
  }

  /** The link is gone. */
  lose(error: SshpoolError): void {
    this.#transition('lost', error);
  }

  /** A message of the peer for this channel; false where the peer breaks the protocol by it. */
  receive(message: ChannelMessage): boolean {
    // Before its open is answered a channel does not exist for the peer.
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
        // RFC 4254 knows no other extended data; what is unknown is dropped but counted.
        return this.#receiveData(message.data, (data) =>
          message.code === STDERR ? this.#events.onStderr(data) : this.consume(data.length),
        );
      case 'window-adjust':
        if (message.bytes > MAX_WINDOW - this.#sendWindow) return false;
        this.#grow(message.bytes);
        if (this.#phase === 'open') this.#events.onWindow(this.#sendWindow);
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
        return this.#reply(message.type === 'success');
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
    this.#sendWindow += bytes;
    this.#fullWindow = Math.max(this.#fullWindow, this.#sendWindow);
  }

  #receiveData(data: Buffer, deliver: (data: Buffer) => void): boolean {
    if (data.length > this.#receiveWindow) return false;
    this.#receiveWindow -= data.length;
    // After we left nothing is delivered any more, and after its EOF the peer has no data (5.3).
    if (this.#phase === 'open' && !this.#eofReceived) deliver(data);
    return true;
  }

  #answer(name: string, payload: Buffer, wantReply: boolean): void {
    const granted = this.#phase === 'open' && this.#events.onRequest(name, payload);
    // After our CLOSE nothing may be sent on the channel (RFC 4254 section 5.3).
    if (!wantReply || this.#phase !== 'open') return;
    this.#send({ type: granted ? 'success' : 'failure', recipient: this.#remoteId });
  }

  #reply(granted: boolean): boolean {
    const onReply = this.#replies.shift();
    onReply?.(granted);
    return onReply !== undefined;
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
