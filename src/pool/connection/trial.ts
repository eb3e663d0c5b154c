/** Tries whether a server takes two sessions on a connection, and goes on when one of them is closed. */
import type { Clock } from '../../base/time.ts';
import type { Channels } from '../../ssh/channel/channels.ts';
import { Session } from '../../ssh/channel/session.ts';

/** From the time of the connect, which takes more round trips. */
const TRIAL_MS = 2000;
const MAX_TRIAL_MS = 10_000;
export const trialMs = (connectMs: number): number =>
  Math.min(MAX_TRIAL_MS, Math.max(TRIAL_MS, 2 * connectMs));

/** `refused`: it opens one at the most, or keeps none open. `silent`: it did not answer in time. */
export type TrialResult = 'took-two' | 'refused' | 'silent';

interface Trial {
  readonly clock: Clock;
  readonly limitMs: number;
  /** For each session that the server opens. */
  readonly onOpened: () => void;
}

/** `onSession` returns what to call at the end. The result means nothing if the connection has ended. */
export function tryTwo(
  channels: Channels,
  { clock, limitMs, onOpened }: Trial,
  onSession: (session: Session) => () => void,
): Promise<TrialResult> {
  return new Promise((resolve) => {
    const sessions: Session[] = [];
    const slots: (() => void)[] = [];
    let isRefused = false;
    const answered = (): void => {
      if (isRefused) return over('refused');
      if (!sessions.every(({ state }) => state === 'spare')) return;
      const [first, second] = sessions;
      // Does not wait for CLOSE: not every server sends one for a session without a command.
      second?.close();
      void first?.ping().then((alive) => {
        if (alive) over('took-two');
      });
    };
    const over = (result: TrialResult): void => {
      timer.cancel();
      for (const session of sessions) session.close();
      // Frees the slots at once: not every server confirms the close of a session without a command.
      for (const free of slots) free();
      resolve(result);
    };
    const timer = clock.after(limitMs, () => over('silent'));
    for (const first of [true, false]) {
      const session = new Session(channels, {
        onSpare: () => {
          onOpened();
          answered();
        },
        onRefused: () => {
          isRefused = true;
          answered();
        },
        onAsked: () => undefined,
        onMoved: () => undefined,
        onLeft: () => undefined,
        onClosed: () => {
          if (first) over('refused');
        },
      });
      slots.push(onSession(session));
      sessions.push(session);
    }
    for (const session of sessions) session.open();
  });
}
