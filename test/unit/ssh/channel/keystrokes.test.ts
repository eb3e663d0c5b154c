import { lend, view, type Borrowed } from '../../../../src/base/borrowed.ts';
import { array, assert, double, nat, property, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Keystrokes, keystrokeIntervalMs } from '../../../../src/ssh/channel/keystrokes.ts';
import { FakeClock } from '../../../support/clock.ts';

function setUp(intervalMs = 20, random = () => 0.5) {
  const clock = new FakeClock();
  const sent: (readonly [at: number, what: string])[] = [];
  const session = {
    state: 'running' as 'running' | 'closed',
    write: (data: Borrowed) => void sent.push([clock.monotonic(), view(data).toString()]),
    endStdin: () => void sent.push([clock.monotonic(), 'end']),
    chaff: (answered: () => void) => {
      sent.push([clock.monotonic(), '']);
      answered();
    },
  };
  const keys = new Keystrokes(session, { clock, intervalMs, random });
  const start = clock.monotonic();
  return {
    clock,
    session,
    sent,
    keys,
    type: (text: string) => keys.write(lend(Buffer.from(text))),
    start,
  };
}

describe('typed input', () => {
  it('is sent at regular times, with chaff packets between and after the keys', () => {
    const { clock, sent, type, start } = setUp();
    type('a');
    clock.advance(75);
    type('b');
    clock.advance(3);
    type('c');
    clock.advance(5000);
    const times = sent.map(([at]) => at - start);
    const gaps = times.slice(1).map((at, index) => Math.round(at - (times[index] ?? 0)));
    expect(new Set(gaps)).toEqual(new Set([20]));
    expect(sent.map(([, what]) => what).join('')).toBe('abc');
    // As many as ssh sends for three keys: its chaff alone is 80 to 160 packets.
    expect(sent.length).toBeGreaterThan(80);
    expect(sent.length).toBeLessThan(160);
  });

  it('is sent at once after a pause', () => {
    const { clock, sent, type } = setUp();
    type('a');
    clock.advance(10_000);
    const before = sent.length;
    type('b');
    expect(sent.slice(before).map(([, what]) => what)).toEqual(['b']);
  });

  it('that is longer than keystrokes is sent at once, without chaff', () => {
    const { clock, sent, type } = setUp();
    type('a');
    type('b');
    type('x'.repeat(300));
    clock.advance(5000);
    expect(sent.map(([, what]) => what)).toEqual(['a', 'b', 'x'.repeat(300)]);
  });

  it('is sent unchanged, even if its memory is overwritten', () => {
    const { clock, sent, keys, type } = setUp();
    type('a');
    const memory = Buffer.from('b');
    keys.write(lend(memory));
    memory.fill(0);
    clock.advance(5000);
    expect(sent.map(([, what]) => what).join('')).toBe('ab');
  });

  it('is sent before end of file', () => {
    const { clock, sent, keys, type } = setUp();
    type('a');
    type('b');
    keys.endStdin();
    clock.advance(5000);
    expect(sent.map(([, what]) => what)).toEqual(['a', 'b', 'end']);
  });

  it('is not followed by chaff after the session has ended', () => {
    const { clock, session, sent, type } = setUp();
    type('a');
    type('b');
    session.state = 'closed';
    clock.advance(5000);
    expect(sent.map(([, what]) => what)).toEqual(['a']);
  });

  it('is sent as it arrives if the interval is 0', () => {
    const { clock, sent, type } = setUp(0);
    type('a');
    type('b');
    clock.advance(5000);
    expect(sent.map(([, what]) => what)).toEqual(['a', 'b']);
  });

  it('arrives whole and in order, at any times', () => {
    const strokes = array(tuple(nat(3000), string({ minLength: 1, maxLength: 300 })));
    assert(
      property(strokes, double({ min: 0, max: 0.99, noNaN: true }), (typed, random) => {
        const { clock, sent, type } = setUp(20, () => random);
        for (const [waitMs, text] of typed) {
          clock.advance(waitMs);
          type(text);
        }
        clock.advance(5000);
        expect(sent.map(([, what]) => what).join('')).toBe(typed.map(([, text]) => text).join(''));
      }),
    );
  });
});

it.each([
  [undefined, 'OpenSSH_9.5', 20],
  [undefined, 'OpenSSH_10.6p1 Debian-1', 20],
  ['80', 'OpenSSH_9.9', 80],
  ['yes', 'OpenSSH_9.9', 20],
  ['no', 'OpenSSH_9.9', 0],
  [undefined, 'OpenSSH_9.4p1', 0],
  [undefined, 'OpenSSH_for_Windows_9.5', 0],
  [undefined, 'dropbear_2022.83', 0],
])('ObscureKeystrokeTiming %s with %s: every %d ms', (printed, version, ms) => {
  expect(keystrokeIntervalMs(printed, version)).toBe(ms);
});
