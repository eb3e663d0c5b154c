/** Notices when a call waits for room in the pool for long. */
import type { Clock, Timer } from '../base/time.ts';

/** By then, in most cases, a command has ended or a connection was made. */
const ROOM_MS = 1500;

interface Crowd {
  readonly clock: Clock;
  readonly isCrowded: () => boolean;
}

/** Calls `onCrowded` at most once, unless the returned function was called before. */
export function watchRoom({ clock, isCrowded }: Crowd, onCrowded: () => void): () => void {
  let timer: Timer;
  const look = (): void => {
    if (isCrowded()) onCrowded();
    else timer = clock.after(ROOM_MS, look);
  };
  timer = clock.after(ROOM_MS, look);
  return () => timer.cancel();
}

export const waitsForRoom = (name: string, max: number): string =>
  `sshpool: waiting for room: all connections to ${name} are in use (SSH_POOL_MAX_CONNECTIONS is ${max})`;
