import { beforeEach, expect, test } from 'vitest';
import { Deadline } from '../../../../src/ssh/link/deadline.ts';
import { FakeClock } from '../../../support/clock.ts';

let clock: FakeClock;
let deadline: Deadline;
let expired: number;

beforeEach(() => {
  clock = new FakeClock();
  expired = 0;
  deadline = new Deadline(clock, 1000, () => (expired += 1));
});

/** A prompt that is open until `answer` is called. */
function thinking(): { answer: () => void; done: Promise<void> } {
  let answer: () => void;
  const done = deadline.during(() => new Promise<void>((resolve) => (answer = resolve)));
  return { answer: () => answer(), done };
}

test('a deadline expires once, at its time', () => {
  clock.advance(999);
  expect(expired).toBe(0);
  clock.advance(5000);
  expect(expired).toBe(1);
});

test('a cancelled deadline does not expire', () => {
  deadline.cancel();
  clock.advance(5000);
  expect([expired, clock.pending]).toEqual([0, 0]);
});

test('a deadline is paused during a prompt, and continues with the remaining time', async () => {
  clock.advance(400);
  const { answer, done } = thinking();
  clock.advance(60_000);
  answer();
  await done;
  clock.advance(599);
  expect(expired).toBe(0);
  clock.advance(1);
  expect(expired).toBe(1);
});

test('a deadline continues when the last of two prompts is answered', async () => {
  const [first, second] = [thinking(), thinking()];
  first.answer();
  await first.done;
  clock.advance(5000);
  expect(expired).toBe(0);
  second.answer();
  await second.done;
  clock.advance(1000);
  expect(expired).toBe(1);
});

test('a deadline that is cancelled during a prompt does not continue', async () => {
  const { answer, done } = thinking();
  deadline.cancel();
  answer();
  await done;
  clock.advance(5000);
  expect(expired).toBe(0);
});
