/** How long the user has waited, including the time before the launcher became this process. */

let before = 0;

export function beganEarlier(ms: number): void {
  before = ms;
}

export function elapsedMs(): number {
  return before + performance.now();
}
