/** The standard streams of a remote command as Node streams, with flow control in both directions. */
import { keep, lend, type Borrowed } from '../base/borrowed.ts';
import { Readable, Writable } from 'node:stream';
import { Credit } from '../base/credit.ts';

export class CommandOutput extends Readable {
  readonly #consume: (bytes: number) => void;
  readonly #onGivenUp: () => void;
  #unread = 0;
  #ended = false;

  constructor(consume: (bytes: number) => void, onGivenUp: () => void = () => undefined) {
    super();
    this.#consume = consume;
    this.#onGivenUp = onGivenUp;
    // The caller gets the error from `exit`, whether or not it reads this stream.
    this.on('error', () => undefined);
  }

  /** The caller may reuse `data` when this returns. */
  deliver(data: Borrowed): void {
    if (this.destroyed) {
      this.#consume(data.length);
      return;
    }
    this.#unread += data.length;
    if (this.push(keep(data))) this.#take();
  }

  finish(): void {
    if (!this.#ended && !this.destroyed) this.push(null);
    this.#ended = true;
  }

  fail(error: Error): void {
    this.#ended = true;
    this.destroy(error);
  }

  #take(): void {
    const bytes = this.#unread;
    this.#unread = 0;
    if (bytes > 0) this.#consume(bytes);
  }

  override _read(): void {
    this.#take();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#take();
    if (!this.#ended) this.#onGivenUp();
    done(error);
  }
}

export interface InputEvents {
  /** At most as many bytes as were granted; the stream may reuse `data` when this returns. */
  write(data: Borrowed): void;
  end(): void;
}

export class CommandInput extends Writable {
  readonly #events: InputEvents;
  readonly #credit = new Credit();
  #unsent: { bytes: Buffer; readonly done: () => void } | undefined;
  /** The command reads no more: unsent bytes are dropped. */
  #closed = false;

  constructor(events: InputEvents) {
    super();
    this.#events = events;
    this.on('error', () => undefined);
  }

  grant(bytes: number): void {
    this.#credit.grant(bytes);
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    this.#flush();
    // A caller that still writes gets ERR_STREAM_PREMATURE_CLOSE from pipeline, as with a local command.
    if (!this.writableEnded) this.destroy();
  }

  #flush(): void {
    const unsent = this.#unsent;
    if (unsent === undefined) return;
    const now = this.#closed ? unsent.bytes : unsent.bytes.subarray(0, this.#credit.left);
    unsent.bytes = unsent.bytes.subarray(now.length);
    if (!this.#closed && now.length > 0) {
      this.#credit.spend(now.length);
      this.#events.write(lend(now));
    }
    if (unsent.bytes.length > 0) return;
    this.#unsent = undefined;
    unsent.done();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unsent = { bytes, done };
    this.#flush();
  }

  override _final(done: () => void): void {
    if (!this.#closed) this.#events.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // A destroyed stream sends no more, and the command must not wait for it: it gets end of file.
    if (!this.#closed && !this.writableFinished) this.#events.end();
    this.#closed = true;
    done(error);
  }
}
