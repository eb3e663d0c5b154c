/**
 * A stream through the server to a TCP port (ssh -W) or to a unix socket. Adapts a tunnel to the
 * interface that a call uses for a session.
 */
import { WINDOW } from '../ssh/channel/channel.ts';
import type { Outcome } from '../ssh/channel/session.ts';
import type { WindowSize } from '../base/window-size.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import { SshpoolError } from '../base/errors.ts';

/** The interface that a call uses for a session or a stream. */
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
  /** End of file from the server. */
  onStdoutEnd(): void;
  onEnd(outcome: Outcome): void;
}

export class Forwarded implements Running {
  readonly #tunnel: Tunnel;
  readonly #events: ForwardedEvents;
  /** Bytes passed to the call that it has not consumed yet. */
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

  /** Starts the events. */
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
    // Copied: the stream keeps the data until the server takes it, and the buffer is reused before
    // that.
    this.#tunnel.write(Buffer.from(data), (error) => {
      if (!error) this.#events.onStdinWindow(length);
    });
  }

  endStdin(): void {
    this.#tunnel.end();
  }

  /** The protocol cannot tell the other end to stop; further data is dropped. */
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
