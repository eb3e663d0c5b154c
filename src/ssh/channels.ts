/**
 * All channels of one connection: numbers them, hands each its messages, and ends the link where
 * the peer breaks the protocol. Channels that the server opens go to whoever registered for them.
 */
import { SshpoolError } from '../base/errors.ts';
import { Channel, MAX_PACKET, WINDOW, type ChannelEvents } from './channel.ts';
import type { Link } from './link.ts';
import { decode, encode, OPEN_FAILURE, type ChannelMessage } from './messages.ts';

/** Takes a channel that the server opens: returns its events, or undefined to refuse it. */
export type Acceptor = (channel: () => Channel) => ChannelEvents | undefined;

export class Channels {
  readonly #link: Link;
  readonly #host: string;
  readonly #table = new Map<number, Channel>();
  readonly #acceptors = new Map<string, Acceptor>();
  readonly #onHeard: () => void;
  readonly #onClosed: (error: SshpoolError) => void;
  #nextId = 0;

  constructor(
    link: Link,
    host: string,
    events: { onHeard: () => void; onClosed: (error: SshpoolError) => void },
  ) {
    this.#link = link;
    this.#host = host;
    this.#onHeard = events.onHeard;
    this.#onClosed = events.onClosed;
    link.listen({
      onMessage: (payload) => this.#receive(payload),
      onClose: (error) => this.#lose(error),
    });
  }

  /** Channels that are not closed yet, those under way and those being closed included. */
  get size(): number {
    return this.#table.size;
  }

  /** Opens a channel; `extra` is what the type adds to CHANNEL_OPEN. */
  open(channelType: string, extra: Buffer, events: ChannelEvents): Channel {
    const id = this.#nextId++;
    const channel = this.#create(id, events);
    const [window, maxPacket] = [WINDOW, MAX_PACKET];
    this.#send({ type: 'open', channelType, sender: id, window, maxPacket, extra });
    return channel;
  }

  /** Lets the server open channels of a type, such as auth-agent@openssh.com. */
  accept(channelType: string, acceptor: Acceptor): void {
    this.#acceptors.set(channelType, acceptor);
  }

  #create(id: number, events: ChannelEvents): Channel {
    const forget = (): boolean => this.#table.delete(id);
    const channel = new Channel((message) => this.#send(message), {
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
    });
    this.#table.set(id, channel);
    return channel;
  }

  #send(message: ChannelMessage): void {
    this.#link.send(encode(message));
  }

  #receive(payload: Buffer): void {
    this.#onHeard();
    try {
      const message = decode(payload);
      const legal = message.type === 'open' ? this.#opened(message) : this.#deliver(message);
      if (!legal) throw SshpoolError.of('PROTOCOL', { problem: `unexpected ${message.type}` });
    } catch (thrown) {
      const { message } = SshpoolError.from(thrown);
      this.#link.destroy(
        SshpoolError.of('CONNECTION_LOST', { host: this.#host, reason: message }, thrown),
      );
    }
  }

  #deliver(message: Exclude<ChannelMessage, { type: 'open' }>): boolean {
    return this.#table.get(message.recipient)?.receive(message) ?? false;
  }

  #opened(message: Extract<ChannelMessage, { type: 'open' }>): boolean {
    const { sender: recipient, window, maxPacket } = message;
    const id = this.#nextId++;
    const accepted = this.#acceptors.get(message.channelType)?.(() => channel);
    if (accepted === undefined) {
      const reason = OPEN_FAILURE.prohibited;
      this.#send({ type: 'open-failure', recipient, reason, description: 'not asked for' });
      return true;
    }
    const channel = this.#create(id, accepted);
    this.#send({
      type: 'open-confirmation',
      recipient,
      sender: id,
      window: WINDOW,
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

  #lose(error: SshpoolError): void {
    // First whoever owns the connection, so that nothing new is opened on it meanwhile.
    this.#onClosed(error);
    for (const channel of [...this.#table.values()]) channel.lose(error);
  }
}
