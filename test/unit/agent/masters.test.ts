import { describe, expect, it } from 'vitest';
import { Masters } from '../../../src/agent/masters.ts';
import type { Match, Pool } from '../../../src/pool/pool.ts';
import { FakeClock } from '../../support/clock.ts';

const AUTO = { controlPath: '/cm', controlMaster: 'auto', controlPersistMs: 60_000 } as const;

function setUp() {
  const clock = new FakeClock();
  const connected = new Set(['key']);
  const closed: (readonly [string, boolean])[] = [];
  const label = { target: 'h', name: 'h', user: 'u', hostname: 'h', port: 22 };
  const pool = {
    close: (match: Match, { force }: { readonly force: boolean }) => {
      for (const key of [...connected].filter((each) => match(label, each))) {
        closed.push([key, force]);
      }
      return Promise.resolve([]);
    },
    hasConnection: (match: Match) => [...connected].some((key) => match(label, key)),
  } as unknown as Pick<Pool, 'close' | 'hasConnection'>;
  return { clock, connected, closed, masters: new Masters(clock, pool) };
}

describe('a simulated ControlMaster', () => {
  it('exists for as long as ControlPersist says', () => {
    const { clock, masters } = setUp();
    const over = masters.begin(AUTO, 'key');
    clock.advance(120_000);
    expect(masters.control('/cm', 'check')).toMatch(/^Master running/);
    over();
    clock.advance(59_000);
    expect(masters.control('/cm', 'check')).toMatch(/^Master running/);
    clock.advance(1000);
    expect(masters.control('/cm', 'check')).toBeUndefined();
  });

  it('ends with its connections', () => {
    const { connected, masters } = setUp();
    masters.begin(AUTO, 'key');
    connected.clear();
    expect(masters.control('/cm', 'check')).toBeUndefined();
  });

  it('is not started by a call with ControlMaster no, but such a call keeps an existing one', () => {
    const { masters } = setUp();
    masters.begin({ ...AUTO, controlMaster: 'no' }, 'key');
    expect(masters.control('/cm', 'check')).toBeUndefined();
    const over = masters.begin({ ...AUTO, controlPersistMs: 0 }, 'key');
    masters.begin({ ...AUTO, controlMaster: 'no' }, 'key');
    over();
    over();
    expect(masters.control('/cm', 'check')).toMatch(/^Master running/);
  });

  it.each([
    ['exit', true],
    ['stop', false],
  ] as const)('is ended by -O %s, which ends running commands, too: %s', (order, force) => {
    const { closed, masters } = setUp();
    masters.begin(AUTO, 'key');
    expect(masters.control('/cm', order)).toMatch(/request sent\.\r$/);
    expect(closed).toEqual([['key', force]]);
    expect(masters.control('/cm', 'check')).toBeUndefined();
  });
});
