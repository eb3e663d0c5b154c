/** One connection's share of the event loop. A read may hold thousands of messages; the rest waits a turn. */
import type { Duplex } from 'node:stream';
import { systemClock, type Clock } from '../../base/time.ts';

/** Work after which it reads no more in this turn: libuv reads up to 32 times in a row. */
const SHARE_MS = 2;
/** Work after which it leaves even data that was read, which must then be copied. */
const MAX_SHARE_MS = 4;
const MAX_UNSENT_BYTES = 64 * 1024;

type Stream = Pick<
  Duplex,
  'destroyed' | 'pause' | 'resume' | 'once' | 'writableLength' | 'writableNeedDrain'
>;

export class FairReading {
  readonly #stream: Stream;
  readonly #work: () => boolean;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #begun = 0;
  #spentMs = 0;
  #unsentBytes = 0;
  #waits = false;

  /** `work` processes data until `isOver` and returns whether some is left, which it keeps; never throws. */
  constructor(stream: Stream, work: () => boolean, clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#stream = stream;
    this.#work = work;
    this.#clock = clock;
  }

  get isOver(): boolean {
    return this.#stream.destroyed || this.#spent() > MAX_SHARE_MS;
  }

  /** Call it when data was received. */
  run(): void {
    if (this.#waits) return;
    this.#begun = this.#clock.monotonic();
    const isLeft = this.#work();
    this.#spentMs = this.#spent();
    if (this.#stream.destroyed) return;
    if (isLeft || this.#spentMs > SHARE_MS || this.#isBehind) this.#wait();
  }

  answered(bytes: number): void {
    if (this.#stream.writableLength === 0) this.#unsentBytes = 0;
    this.#unsentBytes += bytes;
  }

  #spent(): number {
    return this.#spentMs + this.#clock.monotonic() - this.#begun;
  }

  /** Only answers and grants count: a server may leave other data unread until its own output was read. */
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
