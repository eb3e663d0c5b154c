/** Bytes in memory that the next read overwrites (shared-reads), as a type that cannot be stored as a Buffer. */

declare const isBorrowed: unique symbol;

/** Valid until the function that was given it returns. */
export interface Borrowed {
  readonly length: number;
  readonly [isBorrowed]: true;
}

export function lend(bytes: Buffer): Borrowed {
  return bytes as unknown as Borrowed;
}

/** A copy, which stays. */
export function keep(bytes: Borrowed): Buffer {
  return Buffer.from(view(bytes));
}

/** The bytes themselves, to be used up at once. */
export function view(bytes: Borrowed): Buffer {
  return bytes as unknown as Buffer;
}
