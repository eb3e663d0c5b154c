import { describe, expect, it } from 'vitest';
import { SshpoolError } from '../../../src/base/errors.ts';
import { Limit } from '../../../src/library/limit.ts';
import { FakeClock } from '../../support/clock.ts';

describe('a limit', () => {
  it('ends work that takes too long, and reports the limit', () => {
    const clock = new FakeClock();
    const { signal } = new Limit({ timeoutMs: 1500 }, clock);
    clock.advance(1499);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.reason).toMatchObject({ code: 'TIMED_OUT', message: 'timed out after 1.5 s' });
  });

  it("ends with the caller's signal; the signal's reason is the cause", () => {
    const controller = new AbortController();
    const { signal } = new Limit({ signal: controller.signal }, new FakeClock());
    controller.abort('why');
    expect(signal.reason).toMatchObject({ code: 'CANCELLED', cause: 'why' });
  });

  it('with an aborted signal ends at once', () => {
    const { signal } = new Limit({ signal: AbortSignal.abort() }, new FakeClock());
    expect(signal.aborted).toBe(true);
  });

  it('leaves no timer and no listener after its end', () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const limit = new Limit({ signal: controller.signal, timeoutMs: 1000 }, clock);
    limit.end();
    controller.abort();
    expect([clock.pending, limit.signal.aborted]).toEqual([0, false]);
  });

  it('is the reason of a failure after it has expired', () => {
    const thrown = SshpoolError.of('CANCELLED', {});
    const limit = new Limit({ timeoutMs: 10 }, new FakeClock());
    expect(limit.reasonFor(thrown)).toBe(thrown);
    const clock = new FakeClock();
    const late = new Limit({ timeoutMs: 10 }, clock);
    clock.advance(10);
    expect(late.reasonFor(thrown)).toMatchObject({ code: 'TIMED_OUT' });
  });
});
