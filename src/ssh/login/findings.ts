/** What a login comes upon on its way: what it left out, and whether OpenSSH might do better. */

export class Findings {
  readonly #giveUp: () => void;
  readonly #skipped: string[] = [];
  /** Why OpenSSH may succeed where we did not. */
  beyond: string | undefined;

  /** `giveUp` ends the login by throwing, where there is somebody else to do it. */
  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  /** What was skipped, for the error where nothing succeeds. */
  get detail(): string {
    return [...new Set(this.#skipped)].join('; ');
  }

  skip(why: string): void {
    this.#skipped.push(why);
  }

  /** Before a person is asked anything: leaves it to OpenSSH, where that may go further. */
  leave(): void {
    if (this.beyond !== undefined) this.#giveUp();
  }
}
