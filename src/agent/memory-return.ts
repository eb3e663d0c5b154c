/**
 * Gives memory back to the system after a crowd of callers or a flood. Buffers lie outside of V8's heap
 * and are freed only by a collection of it, which V8 puts off for as long as nothing runs.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer } from '../base/time.ts';

/** An agent that rests has less than this. */
const HIGH_BYTES = 90 * 1024 * 1024;
/** So long after the last caller has gone: a busy agent's heap is collected by V8 itself. */
const SETTLE_MS = 2000;
/** It must have grown by so much since the last collection: what is in use then stays in use. */
const GROWTH = 1.1;

export interface Heap {
  /** Resident bytes. */
  resident(): number;
  /** Collects what is not in use. */
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

  /** A caller has gone. A collection holds the others up for some 10 to 60 ms, and is rare. */
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
    // Only a new context has the function; it is made for this one use.
    const collect = runInNewContext('gc') as (how?: object) => void;
    setFlagsFromString('--no-expose-gc');
    collect();
    // V8's last resort also gives back the pages that it keeps for later. That of Node 20 takes every
    // object for the wish for a small collection.
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  },
};
