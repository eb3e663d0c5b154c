/**
 * Whether a server takes a second session on a connection, and goes on when one of the two is closed:
 * tried while nothing runs that it could cost its life.
 */
import type { Clock } from '../base/time.ts';
import type { Channels } from '../ssh/channels.ts';
import { Session } from '../ssh/session.ts';

/** How long the server may take for all of it. */
const TRIAL_MS = 2000;

/** `refused`: it opens one at the most, or keeps none open. `silent`: it has not answered in time. */
export type Verdict = 'took-two' | 'refused' | 'silent';

/**
 * Opens two sessions, closes one, asks the other for an answer, and closes that. `onSession` is told of
 * each, and what it returns is called when that is closed. The verdict means nothing where the connection
 * has ended meanwhile.
 */
export function tryTwo(
  channels: Channels,
  clock: Clock,
  onSession: (session: Session) => () => void,
): Promise<Verdict> {
  return new Promise((resolve) => {
    const sessions: Session[] = [];
    let isRefused = false;
    const answered = (): void => {
      if (isRefused) return over('refused');
      if (!sessions.every(({ state }) => state === 'spare')) return;
      const [first, second] = sessions;
      // Its own CLOSE is not waited for: not every server sends one for a session without a command.
      second?.close();
      void first?.ping().then((alive) => {
        if (alive) over('took-two');
      });
    };
    const over = (verdict: Verdict): void => {
      timer.cancel();
      for (const session of sessions) session.close();
      resolve(verdict);
    };
    const timer = clock.after(TRIAL_MS, () => over('silent'));
    for (const first of [true, false]) {
      let gone: (() => void) | undefined;
      const session: Session = new Session(channels, {
        onSpare: answered,
        onRefused: () => {
          gone?.();
          isRefused = true;
          answered();
        },
        onAsked: () => undefined,
        onMoved: () => undefined,
        onLeft: () => undefined,
        onClosed: () => {
          gone?.();
          if (first) over('refused');
        },
      });
      gone = onSession(session);
      sessions.push(session);
    }
  });
}
