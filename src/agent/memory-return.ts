/** Returns memory to the system: only a garbage collection frees buffers, and V8 postpones it when idle. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer } from '../base/time.ts';

/** An idle agent uses less than this. */
const HIGH_BYTES = 90 * 1024 * 1024;
/** Delay after the last caller disconnected: V8 itself collects the heap of a busy agent. */
const SETTLE_MS = 2000;
/** Required growth since the last collection: memory in use then is still in use. */
const GROWTH = 1.1;

export interface Heap {
  /** Resident set size in bytes. */
  resident(): number;
  collect(): void;
}

export class MemoryReturn {
  readonly #clock: Clock;
  readonly #heap: Heap;
  #timer: Timer | undefined;
  #lastBytes = 0;

  constructor(clock: Clock, heap: Heap = systemHeap) {
    this.#clock = clock;
    this.#heap = heap;
  }

  /** A caller has disconnected. A collection delays other callers by some 10 to 60 ms, and is rare. */
  settle(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(SETTLE_MS, () => this.#check());
  }

  #check(): void {
    const bytes = this.#heap.resident();
    if (bytes < HIGH_BYTES || bytes < this.#lastBytes * GROWTH) return;
    this.#heap.collect();
    this.#lastBytes = this.#heap.resident();
  }
}

const systemHeap: Heap = {
  resident: () => process.memoryUsage.rss(),
  collect: () => {
    setFlagsFromString('--expose-gc');
    // Only a new context has the function `gc`; it is made for this one use.
    const collect = runInNewContext('gc') as (how?: object) => void;
    setFlagsFromString('--no-expose-gc');
    collect();
    // last-resort also returns pages that V8 keeps. Node 20 takes any object as asking for a minor one.
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  },
};
