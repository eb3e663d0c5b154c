/** The caller's standard streams. Threads write, so that a slow reader never blocks the event loop. */
import { writev } from 'node:fs';
import type { Readable } from 'node:stream';
import { Credit } from '../../base/credit.ts';
import { pause } from '../../base/time.ts';
import { MAX_CHUNK } from '../../wire/protocol.ts';

/** Between retries after EAGAIN: an inherited descriptor may be non-blocking. */
const AGAIN_MS = 2;

export class OutputDescriptor {
  readonly #fd: number;
  readonly #onTaken: (bytes: number) => void;
  readonly #onClosed: () => void;
  #queue: Buffer[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  /** `onTaken` counts each byte once, when it is written or, after the reader has closed, dropped. */
  constructor(fd: number, onTaken: (bytes: number) => void, onClosed: () => void) {
    this.#fd = fd;
    this.#onTaken = onTaken;
    this.#onClosed = onClosed;
  }

  write(data: Buffer): void {
    this.#queue.push(data);
    this.#writing ??= this.#drain();
  }

  /** Whether a write waits for its reader; it cannot be cancelled. */
  get isBusy(): boolean {
    return this.#writing !== undefined;
  }

  /** Resolves when all data so far is written or dropped. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const chunks = this.#queue;
      this.#queue = [];
      if (!this.#closed) await this.#writeAll(chunks);
      this.#onTaken(sizeOf(chunks));
    }
    this.#writing = undefined;
  }

  async #writeAll(chunks: readonly Buffer[]): Promise<void> {
    let left = chunks;
    while (left.length > 0) {
      try {
        left = without(left, await writeVector(this.#fd, left));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code === 'EAGAIN') {
          await pause(AGAIN_MS);
          continue;
        }
        // EPIPE, ENOSPC and the like: as in ssh, the rest of the output is dropped.
        this.#closed = true;
        this.#onClosed();
        return;
      }
    }
  }
}

function writeVector(fd: number, chunks: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, chunks, (error, written) => (error ? reject(error) : resolve(written)));
  });
}

function sizeOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function without(chunks: readonly Buffer[], written: number): Buffer[] {
  let skip = written;
  return chunks.flatMap((chunk) => {
    const rest = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}

/** Standard input, read only as far as granted. */
export class StandardInput {
  readonly #open: () => Readable;
  readonly #onData: (data: Buffer) => void;
  readonly #onEnd: () => void;
  readonly #credit = new Credit();
  #stream: Readable | undefined;
  #ended = false;

  /** `open` is called at the first grant: creating process.stdin takes time, and it may never be read. */
  constructor(open: () => Readable, onData: (data: Buffer) => void, onEnd: () => void) {
    this.#open = open;
    this.#onData = onData;
    this.#onEnd = onEnd;
  }

  grant(bytes: number): void {
    this.#credit.grant(bytes);
    if (this.#ended) return;
    this.#stream ??= this.#start();
    this.#flow(this.#stream);
  }

  /** Stops reading and closes the descriptor: its writer gets SIGPIPE. */
  close(): void {
    this.#ended = true;
    this.#stream ??= this.#open();
    this.#stream.destroy();
  }

  #start(): Readable {
    const stream = this.#open();
    stream.on('readable', () => this.#flow(stream));
    stream.on('end', () => this.#end());
    // An unreadable input (closed, a directory) counts as end of file.
    stream.on('error', () => this.#end());
    return stream;
  }

  #flow(stream: Readable): void {
    while (this.#credit.left > 0 && !this.#ended) {
      // Read even an empty buffer: this makes the stream read on.
      const want = Math.min(this.#credit.left, stream.readableLength, MAX_CHUNK);
      const data = stream.read(want === 0 ? undefined : want) as Buffer | null;
      if (data === null) return;
      this.#credit.spend(data.length);
      this.#onData(data);
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
  }
}
