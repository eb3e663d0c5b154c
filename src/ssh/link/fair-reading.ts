/**
 * One connection's share of the event loop. A server may send thousands of messages in one read, and
 * libuv reads up to 32 times in a row: what takes longer than a share goes on in the next turn of the
 * loop, after the other connections had theirs. Until then nothing more is read from that server.
 */
import type { Duplex } from 'node:stream';

/** Work after which a connection reads no more in this turn. */
const SHARE_MS = 2;
/** Work after which it stops within what it has read; what is left must then be copied. */
const MAX_SHARE_MS = 4;
/** Answers that may wait in the socket until we read on. */
const MAX_UNSENT_BYTES = 64 * 1024;

type Stream = Pick<
  Duplex,
  'destroyed' | 'pause' | 'resume' | 'once' | 'writableLength' | 'writableNeedDrain'
>;

export class FairReading {
  readonly #stream: Stream;
  readonly #work: () => boolean;
  #begun = 0;
  #spentMs = 0;
  #unsentBytes = 0;
  #waits = false;

  /**
   * `work` works on what has come until `isOver`, and returns whether something is left; it must
   * not throw. While it waits for its next turn, what comes is its own to keep.
   */
  constructor(stream: Stream, work: () => boolean) {
    this.#stream = stream;
    this.#work = work;
  }

  /** The work has to stop after this message. */
  get isOver(): boolean {
    return this.#stream.destroyed || this.#spent() > MAX_SHARE_MS;
  }

  /** Something has come. */
  run(): void {
    if (this.#waits) return;
    this.#begun = performance.now();
    const isLeft = this.#work();
    this.#spentMs = this.#spent();
    if (this.#stream.destroyed) return;
    if (isLeft || this.#spentMs > SHARE_MS || this.#isBehind) this.#wait();
  }

  /** An answer that the server made us send has so many bytes. */
  answered(bytes: number): void {
    if (this.#stream.writableLength === 0) this.#unsentBytes = 0;
    this.#unsentBytes += bytes;
  }

  #spent(): number {
    return this.#spentMs + performance.now() - this.#begun;
  }

  /**
   * The server makes us answer and does not read. Only answers count: a server may well leave our
   * own data unread until we have read what it says.
   */
  get #isBehind(): boolean {
    return this.#stream.writableNeedDrain && this.#unsentBytes > MAX_UNSENT_BYTES;
  }

  #wait(): void {
    this.#waits = true;
    this.#stream.pause();
    if (this.#isBehind) this.#stream.once('drain', () => this.#next());
    else setImmediate(() => this.#next());
  }

  #next(): void {
    this.#waits = false;
    this.#spentMs = 0;
    if (this.#stream.destroyed) return;
    this.run();
    if (!this.#waits) this.#stream.resume();
  }
}
