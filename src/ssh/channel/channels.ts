/** All channels of one connection: gives each its messages; a message against the protocol ends the link. */
import { view, type Borrowed } from '../../base/borrowed.ts';
import { SshpoolError } from '../../base/errors.ts';
import { Channel, MAX_PACKET, WINDOW, type ChannelEvents, type OpenMessage } from './channel.ts';
import type { Link } from '../link/link.ts';
import {
  decodeChannelMessage,
  encodeChannelMessage,
  OPEN_FAILURE,
  type ChannelMessage,
} from './messages.ts';

/** As OpenSSH's for a forwarded key agent (clientloop.c). */
const ACCEPTED_WINDOW = 64 * 1024;
const MAX_ACCEPTED = 128;

/** Returns the events of a channel that the server opens, or undefined to refuse it. */
export type Acceptor = (channel: () => Channel) => ChannelEvents | undefined;

/** They may answer unsolicited messages: the link limits them. */
const ANSWERS: ReadonlySet<ChannelMessage['type']> = new Set([
  'open-confirmation',
  'open-failure',
  'success',
  'failure',
]);

/**
 * Ignored for a channel that is closed, as by OpenSSH (channels.c, clientloop.c): some servers answer a request after
 * they have closed its channel.
 */
const LATE: ReadonlySet<ChannelMessage['type']> = new Set([
  'success',
  'failure',
  'window-adjust',
  'request',
]);

export class Channels {
  readonly link: Link;
  readonly #host: string;
  readonly #table = new Map<number, Channel>();
  readonly #accepted = new Set<number>();
  readonly #acceptors = new Map<string, Acceptor>();
  readonly #onHeard: () => void;
  readonly #onClosed: (error: SshpoolError) => void;
  #nextId = 0;

  constructor(
    link: Link,
    host: string,
    events: { onHeard: () => void; onClosed: (error: SshpoolError) => void },
  ) {
    this.link = link;
    this.#host = host;
    this.#onHeard = events.onHeard;
    this.#onClosed = events.onClosed;
  }

  start(): void {
    this.link.listen({
      onMessage: (payload) => this.#receive(payload),
      onClose: (error) => this.#lose(error),
    });
  }

  /** Includes channels that are opening or closing. */
  get size(): number {
    return this.#table.size;
  }

  get unconfirmed(): number {
    return [...this.#table.values()].reduce((sum, { unconfirmed }) => sum + unconfirmed, 0);
  }

  /** `extra` is what the type adds to CHANNEL_OPEN. */
  create(channelType: string, extra: Buffer, events: ChannelEvents): Channel {
    const id = this.#nextId++;
    const [window, maxPacket] = [WINDOW, MAX_PACKET];
    const open = { channelType, sender: id, window, maxPacket, extra };
    return this.#add(id, events, window, open);
  }

  accept(channelType: string, acceptor: Acceptor): void {
    this.#acceptors.set(channelType, acceptor);
  }

  #add(id: number, events: ChannelEvents, window: number, open?: OpenMessage): Channel {
    const forget = (): void => {
      this.#table.delete(id);
      this.#accepted.delete(id);
    };
    const send = (message: ChannelMessage): void => this.#send(message);
    const own: ChannelEvents = {
      onOpen: () => events.onOpen(),
      onData: (data) => events.onData(data),
      onStderr: (data) => events.onStderr(data),
      onEof: () => events.onEof(),
      onWindow: (bytes) => events.onWindow(bytes),
      onRequest: (name, payload) => events.onRequest(name, payload),
      onRefused: (reason, description) => {
        forget();
        events.onRefused(reason, description);
      },
      onClose: (error) => {
        forget();
        events.onClose(error);
      },
    };
    const channel = new Channel(send, window, own, open);
    this.#table.set(id, channel);
    return channel;
  }

  #send(message: ChannelMessage): void {
    const bytes = encodeChannelMessage(message);
    if (ANSWERS.has(message.type)) this.link.answer(bytes);
    else if (message.type === 'window-adjust') this.link.grant(bytes);
    else this.link.send(bytes);
  }

  #receive(payload: Borrowed): void {
    this.#onHeard();
    try {
      const message = decodeChannelMessage(view(payload));
      const legal = message.type === 'open' ? this.#opened(message) : this.#deliver(message);
      if (!legal) throw SshpoolError.of('PROTOCOL', { problem: `unexpected ${message.type}` });
    } catch (thrown) {
      const { message } = SshpoolError.from(thrown);
      this.link.destroy(
        SshpoolError.of('CONNECTION_LOST', { host: this.#host, reason: message }, thrown),
      );
    }
  }

  #deliver(message: Exclude<ChannelMessage, { type: 'open' }>): boolean {
    const channel = this.#table.get(message.recipient);
    return channel?.receive(message) ?? LATE.has(message.type);
  }

  #opened(message: Extract<ChannelMessage, { type: 'open' }>): boolean {
    const { sender: recipient, window, maxPacket } = message;
    const accept = this.#acceptors.get(message.channelType);
    if (accept !== undefined && this.#accepted.size >= MAX_ACCEPTED) {
      this.#refuse(recipient, OPEN_FAILURE.shortage, 'too many at a time');
      return true;
    }
    const accepted = accept?.(() => channel);
    if (accepted === undefined) {
      this.#refuse(recipient, OPEN_FAILURE.prohibited, 'not asked for');
      return true;
    }
    const id = this.#nextId++;
    const channel = this.#add(id, accepted, ACCEPTED_WINDOW);
    this.#accepted.add(id);
    this.#send({
      type: 'open-confirmation',
      recipient,
      sender: id,
      window: ACCEPTED_WINDOW,
      maxPacket: MAX_PACKET,
    });
    return channel.receive({
      type: 'open-confirmation',
      recipient: id,
      sender: recipient,
      window,
      maxPacket,
    });
  }

  #refuse(recipient: number, reason: number, description: string): void {
    this.#send({ type: 'open-failure', recipient, reason, description });
  }

  #lose(error: SshpoolError): void {
    // The owner of the connection comes first, so that it opens nothing new on it meanwhile.
    this.#onClosed(error);
    for (const channel of [...this.#table.values()]) channel.lose(error);
  }
}
