/** Regression tests; each is to move beside the tests of its module. */
import { expect, it } from 'vitest';
import { Deadline } from '../../../../src/ssh/link/deadline.ts';
import { FakeClock } from '../../../support/clock.ts';

it('a cancelled deadline is not started again by a later prompt', async () => {
  const clock = new FakeClock();
  let expired = 0;
  const deadline = new Deadline(clock, 1000, () => (expired += 1));
  deadline.cancel();
  await deadline.during(() => Promise.resolve());
  clock.advance(5000);
  expect(expired).toBe(0);
});

it('a deadline expires once, also with a prompt after its end', async () => {
  const clock = new FakeClock();
  let expired = 0;
  const deadline = new Deadline(clock, 1000, () => (expired += 1));
  clock.advance(1000);
  await deadline.during(() => Promise.resolve());
  clock.advance(5000);
  expect(expired).toBe(1);
});
