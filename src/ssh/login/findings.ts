/** The findings of a login: what it skipped, and whether OpenSSH may succeed. */

export class Findings {
  readonly #giveUp: () => void;
  readonly #skipped: string[] = [];
  /** Why OpenSSH may succeed where ssh2 did not. */
  beyond: string | undefined;

  /** `giveUp` ends the login by throwing, if OpenSSH can be tried instead. */
  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  get detail(): string {
    return [...new Set(this.#skipped)].join('; ');
  }

  skip(why: string): void {
    this.#skipped.push(why);
  }

  /** Call it before the user is prompted: leaves the login to OpenSSH, if that may succeed. */
  leave(): void {
    if (this.beyond !== undefined) this.#giveUp();
  }
}
