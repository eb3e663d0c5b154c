/** Flow control by credit (RFC 4254 section 5.2): one side sends no more bytes than the other has granted. */

export class Credit {
  #left: number;

  constructor(bytes = 0) {
    this.#left = bytes;
  }

  get left(): number {
    return this.#left;
  }

  grant(bytes: number): void {
    this.#left += bytes;
  }

  spend(bytes: number): void {
    if (bytes > this.#left) throw new RangeError(`${bytes} bytes, and a credit of ${this.#left}`);
    this.#left -= bytes;
  }
}
