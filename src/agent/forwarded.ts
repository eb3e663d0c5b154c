/** A stream through the server, to a TCP port (ssh -W) or a unix socket, as a call uses a session. */
import { keep, lend, type Borrowed } from '../base/borrowed.ts';
import { WINDOW } from '../ssh/channel/channel.ts';
import type { Outcome } from '../ssh/channel/session.ts';
import type { WindowSize } from '../base/window-size.ts';
import type { Tunnel } from '../ssh/channel/tunnel.ts';
import { SshpoolError } from '../base/errors.ts';

/** A session or a stream, as a call uses it. */
export interface Running {
  write(data: Borrowed): void;
  endStdin(): void;
  closeStdout(): void;
  consume(bytes: number): void;
  resize(size: WindowSize): void;
  close(): void;
}

export interface ForwardedEvents {
  onStdout(data: Borrowed): void;
  onStdinWindow(bytes: number): void;
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

  start(): void {
    this.#tunnel.on('data', (data: Buffer) => {
      this.#unconsumed += data.length;
      if (this.#unconsumed >= WINDOW) this.#tunnel.pause();
      this.#events.onStdout(lend(data));
    });
    this.#tunnel.once('end', () => this.#events.onStdoutEnd());
    this.#events.onStdinWindow(WINDOW);
  }

  write(data: Borrowed): void {
    const { length } = data;
    // Copied: the stream keeps the data until the server takes it, but the buffer is reused before.
    this.#tunnel.write(keep(data), (error) => {
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
