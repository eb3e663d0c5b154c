/** How long the user has waited, including the time before the launcher became this process. */

let before = 0;

export function beganEarlier(ms: number): void {
  before = ms;
}

export function elapsedMs(): number {
  return before + performance.now();
}

/** Messages show `timeoutMs`; `leftMs` is what remains of it. */
export interface TimeLimit {
  readonly timeoutMs: number;
  readonly leftMs: number;
}

export const timeLimit = (timeoutMs: number | undefined): TimeLimit | undefined =>
  timeoutMs === undefined ? undefined : { timeoutMs, leftMs: timeoutMs - elapsedMs() };
