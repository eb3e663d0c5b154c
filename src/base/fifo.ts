/** A first-in first-out queue, from which a waiting element can be removed. */
export class Fifo<T> {
  // A Set keeps insertion order, deletes in constant time, and iterates without copying.
  readonly #items = new Set<T>();

  get length(): number {
    return this.#items.size;
  }

  push(item: T): void {
    this.#items.add(item);
  }

  peek(): T | undefined {
    for (const item of this.#items) return item;
    return undefined;
  }

  shift(): T | undefined {
    const first = this.peek();
    if (first !== undefined) this.#items.delete(first);
    return first;
  }

  remove(item: T): boolean {
    return this.#items.delete(item);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }
}
