/** RekeyLimit, as `ssh -G` prints it: `BYTES SECONDS`, each 0 where nobody chose. */

export interface RekeyAfter {
  /** In one direction, whichever is the first to have carried as much. */
  readonly bytes: number;
  readonly ms: number;
}

export function readRekeyLimit(printed = '0 0'): RekeyAfter {
  const [bytes = 0, seconds = 0] = printed.split(' ').map(Number);
  return { bytes, ms: seconds * 1000 };
}
