/**
 * A stream to a machine behind the server (ssh -W) or to a unix socket of it, in the place of a
 * session. Bridges a tunnel to what a call does with a session.
 */
import { WINDOW } from '../ssh/channel/channel.ts';
import type { Outcome } from '../ssh/channel/session.ts';
import type { WindowSize } from '../base/window-size.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import { SshpoolError } from '../base/errors.ts';

/** What a call does with what it has opened: a session, or a stream. */
export interface Running {
  write(data: Buffer): void;
  endStdin(): void;
  closeStdout(): void;
  consume(bytes: number): void;
  resize(size: WindowSize): void;
  close(): void;
}

export interface ForwardedEvents {
  onStdout(data: Buffer): void;
  onStdinWindow(bytes: number): void;
  /** The other side sends no more. */
  onStdoutEnd(): void;
  onEnd(outcome: Outcome): void;
}

export class Forwarded implements Running {
  readonly #tunnel: Tunnel;
  readonly #events: ForwardedEvents;
  /** Bytes given up that were not consumed. */
  #unconsumed = 0;

  constructor(tunnel: Tunnel, events: ForwardedEvents) {
    this.#tunnel = tunnel;
    this.#events = events;
    let failure: SshpoolError | undefined;
    tunnel.on('error', (error) => (failure = SshpoolError.from(error)));
    tunnel.once('close', () =>
      events.onEnd(failure ? { kind: 'lost', error: failure } : { kind: 'exited', code: 0 }),
    );
  }

  /** From now on its events come. */
  start(): void {
    this.#tunnel.on('data', (data: Buffer) => {
      this.#unconsumed += data.length;
      if (this.#unconsumed >= WINDOW) this.#tunnel.pause();
      this.#events.onStdout(data);
    });
    this.#tunnel.once('end', () => this.#events.onStdoutEnd());
    this.#events.onStdinWindow(WINDOW);
  }

  write(data: Buffer): void {
    const { length } = data;
    // The stream keeps it until the server takes it, and its memory is written over.
    this.#tunnel.write(Buffer.from(data), (error) => {
      if (!error) this.#events.onStdinWindow(length);
    });
  }

  endStdin(): void {
    this.#tunnel.end();
  }

  /** Nobody is told in a stream; what comes is dropped. */
  closeStdout(): void {
    this.#tunnel.resume();
  }

  consume(bytes: number): void {
    this.#unconsumed -= bytes;
    if (this.#unconsumed < WINDOW / 2) this.#tunnel.resume();
  }

  resize(): void {
    // There is no terminal.
  }

  close(): void {
    this.#tunnel.destroy();
  }
}
