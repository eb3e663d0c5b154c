/** How long the person has waited: the launcher may have done so before it became this process. */

let before = 0;

/** So many milliseconds went by before this process was Node. */
export function beganEarlier(ms: number): void {
  before = ms;
}

/** Milliseconds since the call was made. */
export function elapsedMs(): number {
  return before + performance.now();
}
