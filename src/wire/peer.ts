/** One end of a caller-agent connection: frames and the order of the hello, not what messages mean. */
import type { Socket } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import { frame, FrameReader } from '../base/frames.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { Outgoing } from './outgoing.ts';
import { MAX_FRAME, MAX_HELLO, MESSAGES, PROTOCOL, type Message } from './protocol.ts';

export interface PeerEvents {
  onMessage(message: Message): void;
  onRead?(unfinished: number): void;
  /** Called exactly once, whichever side closed. `error` is set if the peer violated the protocol. */
  onClose(error: SshpoolError | undefined): void;
}

export class Peer {
  readonly #socket: Socket;
  readonly #frames = new FrameReader(MAX_FRAME, MAX_HELLO);
  readonly #outgoing: Outgoing;
  #greeted = false;
  #foreign = false;
  #held = false;
  #error: SshpoolError | undefined;

  constructor(socket: Socket, events: PeerEvents) {
    this.#socket = socket;
    this.#outgoing = new Outgoing(socket);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk, events));
    // Socket errors are reported only through the close event.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#frames.drop();
      events.onClose(this.#error);
    });
  }

  /** Keeps no reference to `message`. */
  send(message: Message): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    if (!this.#held) this.#hold();
    for (const part of frame(encodeMessage(message))) this.#outgoing.add(part);
  }

  /** For a secret: zeroes the copies that it makes. */
  sendSecret(message: Message): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    this.#outgoing.flush();
    const body = encodeMessage(message);
    const framed = frame(body);
    const whole = Buffer.concat(framed);
    for (const part of [...body, ...framed]) part.fill(0);
    this.#socket.write(whole, () => whole.fill(0));
  }

  /** Each write wakes the other side: one for each event loop turn, after the data for the server. */
  #hold(): void {
    this.#held = true;
    setImmediate(() => {
      this.#held = false;
      this.#outgoing.flush();
    });
  }

  /** False if the other side has closed: the write itself reports it before the close event. */
  flush(): boolean {
    this.#outgoing.flush();
    return !this.#socket.destroyed && !this.#socket.errored;
  }

  end(): void {
    this.flush();
    this.#socket.end();
  }

  destroy(): void {
    // Not at the close event, which comes after other sockets are read: these can use the memory.
    this.#frames.drop();
    this.#socket.destroy();
  }

  #receive(chunk: Buffer, events: PeerEvents): void {
    if (this.#socket.destroyed) return;
    try {
      for (const body of this.#frames.push(chunk)) {
        if (this.#socket.destroyed) return;
        this.#deliver(body, events);
      }
      events.onRead?.(this.#frames.unfinished);
    } catch (thrown) {
      this.#error ??= SshpoolError.from(thrown);
      this.#socket.destroy();
    }
  }

  #deliver(body: Buffer, events: PeerEvents): void {
    // In another protocol only hello and retire have a known layout.
    if (this.#foreign && body[0] !== MESSAGES.retire.number) return;
    const message = decodeMessage(body);
    if (message === undefined) return; // an unknown message of a newer peer
    const isHello = message.type === 'hello';
    if (isHello === this.#greeted) {
      throw SshpoolError.of('PROTOCOL', { problem: 'hello comes first, and once' });
    }
    this.#greeted = true;
    if (message.type === 'hello') this.#foreign = message.protocol !== PROTOCOL;
    events.onMessage(message);
  }
}
