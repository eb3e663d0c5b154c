/** How long the user has waited, including the time before the launcher became this process. */

let before = 0;

/** Adds the milliseconds that passed before this process was Node. */
export function beganEarlier(ms: number): void {
  before = ms;
}

/** Milliseconds since the call was made. */
export function elapsedMs(): number {
  return before + performance.now();
}
