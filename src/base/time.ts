/** The clock as a parameter, so that tests can control it. */

export interface Timer {
  cancel(): void;
}

/** In milliseconds. `now` may jump (sleep, NTP); `after` never keeps the process alive by itself. */
export interface Clock {
  now(): number;
  monotonic(): number;
  after(delayMs: number, run: () => void): Timer;
}

/** A timer this late was delayed by a stop of the process (SIGSTOP, a virtual machine). */
const STOPPED_MS = 400;
const RESUMED_MS = 2000;

/** Not `performance`, which takes a millisecond to load: every call and the start of the agent would wait for it. */
function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic,
  after(delayMs, run) {
    const dueAt = monotonic() + delayMs;
    let handle = weak(delayMs, () => {
      // After a stop, first reads the data that arrived meanwhile: Node runs timers before it reads.
      if (monotonic() - dueAt < STOPPED_MS) run();
      else handle = weak(Math.min(delayMs, RESUMED_MS), run);
    });
    return { cancel: () => clearTimeout(handle) };
  },
};

function weak(delayMs: number, run: () => void): NodeJS.Timeout {
  return setTimeout(run, delayMs).unref();
}

export function pause(ms: number): Promise<void> {
  // Not node:timers/promises: loading it would slow down calls that never pause.
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `30`, `30s`, `500ms`, `1h30m` (timeout(1), ssh_config(5)); undefined if not above 0. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return positive(Number(text) * 1000);
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    total += Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
  }
  return positive(total);
}

/** The longest delay of a timer: 2^31-1. */
export const LONGEST_MS = 2_147_483_647;

function positive(ms: number): number | undefined {
  return ms > 0 && ms <= LONGEST_MS ? Math.ceil(ms) : undefined;
}
