/**
 * One end of a caller-agent connection: messages over a unix socket. Used alike by the agent for
 * its callers and by the client; it knows the frames and the order of the hello, not what the
 * messages are for.
 */
import type { Socket } from 'node:net';
import { SshpoolError } from '../base/errors.ts';
import { frame, FrameReader } from '../base/frames.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { Outgoing } from './outgoing.ts';
import { MAX_FRAME, MAX_HELLO, MESSAGES, PROTOCOL, type Message } from './protocol.ts';

export interface PeerEvents {
  onMessage(message: Message): void;
  /** Something was read: so many bytes of it belong to a frame that is not complete. */
  onRead?(unfinished: number): void;
  /** Exactly once, whoever closed. `error` is set where the peer broke the protocol. */
  onClose(error: SshpoolError | undefined): void;
}

export class Peer {
  readonly #socket: Socket;
  readonly #frames = new FrameReader(MAX_FRAME, MAX_HELLO);
  readonly #outgoing: Outgoing;
  #greeted = false;
  /** Another program may say hello on it. */
  #passedOn = false;
  #foreign = false;
  #held = false;
  #error: SshpoolError | undefined;

  constructor(socket: Socket, events: PeerEvents) {
    this.#socket = socket;
    this.#outgoing = new Outgoing(socket);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk, events));
    // What went wrong with the socket shows as its close, the single end.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#frames.drop();
      events.onClose(this.#error);
    });
  }

  /** Keeps nothing of `message`. */
  send(message: Message): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    if (!this.#held) this.#hold();
    for (const part of frame(encodeMessage(message))) this.#outgoing.add(part);
  }

  /** As `send`, for a message with a secret: none of the copies that are made here stays. */
  sendSecret(message: Message): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    this.#outgoing.flush();
    const body = encodeMessage(message);
    const framed = frame(body);
    const whole = Buffer.concat(framed);
    for (const part of [...body, ...framed]) part.fill(0);
    this.#socket.write(whole, () => whole.fill(0));
  }

  /**
   * What is sent in one go leaves in one go: each write of its own would wake the other side. Not
   * before all else that goes on now is done: what goes to the server is more urgent.
   */
  #hold(): void {
    this.#held = true;
    setImmediate(() => {
      this.#held = false;
      this.#outgoing.flush();
    });
  }

  /**
   * Sends at once what waits for all else that goes on now. False where the other side has closed:
   * the system says so at the write itself, before anything tells of the end.
   */
  flush(): boolean {
    this.#outgoing.flush();
    return !this.#socket.destroyed && !this.#socket.errored;
  }

  /** Another program of the other side goes on with it, and says hello once more. */
  passOn(): void {
    this.#passedOn = true;
  }

  /** Sends what is still to be sent, then closes. */
  end(): void {
    this.flush();
    this.#socket.end();
  }

  destroy(): void {
    // Not by the close, which comes when other sockets have been read: they can have the memory.
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
    // Of another protocol only the layout of hello and retire is known.
    if (this.#foreign && body[0] !== MESSAGES.retire.number) return;
    const message = decodeMessage(body);
    if (message === undefined) return; // a message of a newer peer that we need not understand
    const isHello = message.type === 'hello';
    if (isHello === this.#greeted && !(isHello && this.#passedOn)) {
      throw SshpoolError.of('PROTOCOL', { problem: 'hello comes first, and once' });
    }
    this.#greeted = true;
    if (isHello) this.#passedOn = false;
    if (message.type === 'hello') this.#foreign = message.protocol !== PROTOCOL;
    events.onMessage(message);
  }
}
