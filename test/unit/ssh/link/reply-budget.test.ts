import { describe, expect, it } from 'vitest';
import { ReplyBudget } from '../../../../src/ssh/link/reply-budget.ts';
import { FakeClock } from '../../../support/clock.ts';

const takeAll = (answers: ReplyBudget, count: number): boolean[] =>
  Array.from({ length: count }, () => answers.take());

describe('the budget for replies that the server causes', () => {
  it('allows many replies at once', () => {
    const answers = new ReplyBudget(new FakeClock());
    expect(takeAll(answers, 2000)).not.toContain(false);
  });

  it('has an end', () => {
    const answers = new ReplyBudget(new FakeClock());
    expect(takeAll(answers, 2001).at(-1)).toBe(false);
  });

  it('lasts for ever at a normal rate', () => {
    const clock = new FakeClock();
    const answers = new ReplyBudget(clock);
    const granted: boolean[] = [];
    for (let second = 0; second < 60; second++) {
      granted.push(...takeAll(answers, 500));
      clock.advance(1000);
    }
    expect(granted).not.toContain(false);
  });

  it('does not grow while a server is silent', () => {
    const clock = new FakeClock();
    const answers = new ReplyBudget(clock);
    clock.advance(3_600_000);
    expect(takeAll(answers, 2001).at(-1)).toBe(false);
  });
});
