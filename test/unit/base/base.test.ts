import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reader, Writer } from '../../../src/base/bytes.ts';
import { describe as words, SshpoolError } from '../../../src/base/errors.ts';
import { Fifo } from '../../../src/base/fifo.ts';
import { createLog } from '../../../src/base/log.ts';
import { parseDuration } from '../../../src/base/time.ts';
import { FakeClock } from '../../support/clock.ts';

describe('bytes', () => {
  it('are read as they were written', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(u32, fc.boolean(), fc.string({ unit: 'grapheme' }), (number, flag, text) => {
        const from = new Reader(new Writer().u32(number).bool(flag).string(text).finish());
        expect([from.u32(), from.bool(), from.text(), from.done]).toEqual([
          number,
          flag,
          text,
          true,
        ]);
      }),
    );
  });

  it('of any length are written one after another', () => {
    const part = fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.nat(255)), { maxLength: 20 }), (values) => {
        const to = new Writer();
        for (const value of values) {
          if (typeof value === 'number') to.byte(value);
          else to.raw(value);
        }
        const whole = Buffer.concat(
          values.map((value) => (typeof value === 'number' ? Buffer.of(value) : value)),
        );
        expect(Buffer.concat(to.parts())).toEqual(whole);
        expect(to.finish()).toEqual(whole);
      }),
    );
  });

  it('that are many are returned without a copy', () => {
    const large = Buffer.alloc(32 * 1024);
    expect(new Writer().string(large).parts()[1]).toBe(large);
  });

  it('that are cut short give an error that names the position', () => {
    const from = new Reader(Buffer.of(1, 2, 3));
    from.byte();
    expect(() => from.u32()).toThrow('malformed message: cut short at byte 1');
  });
});

describe('a queue', () => {
  it('is first in, first out, also if entries leave from the middle', () => {
    const queue = new Fifo<string>();
    for (const item of ['a', 'b', 'c']) queue.push(item);
    expect([queue.remove('b'), queue.remove('b'), queue.length]).toEqual([true, false, 2]);
    expect([queue.peek(), queue.shift(), [...queue]]).toEqual(['a', 'a', ['c']]);
    expect([queue.shift(), queue.shift(), queue.peek()]).toEqual(['c', undefined, undefined]);
  });
});

describe('a duration', () => {
  it.each([
    ['30', 30_000],
    ['0.5', 500],
    ['500ms', 500],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['0', undefined],
    ['', undefined],
    ['-1', undefined],
    ['5x', undefined],
    ['1h 30m', undefined],
    ['25d', undefined],
  ])('%s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe('an error', () => {
  it('that came over the wire keeps its code, its message and its exit status', () => {
    const { code, message, exitCode } = SshpoolError.received('TIMED_OUT', 'late');
    expect([code, message, exitCode]).toEqual(['TIMED_OUT', 'late', 124]);
  });

  it('with an unknown code is an internal error', () => {
    expect(SshpoolError.received('toString', 'x').code).toBe('INTERNAL');
  });

  it('is made of any thrown value, with its cause', () => {
    const cause = new TypeError('oops');
    const error = SshpoolError.from(cause);
    expect(error).toMatchObject({ code: 'INTERNAL', cause });
    expect(SshpoolError.from(error)).toBe(error);
    expect(words('text')).toBe('text');
  });
});

describe('an error of the system', () => {
  it("contains the operation and the system's message", () => {
    let thrown: unknown;
    try {
      readFileSync('/nosuch/file');
    } catch (error) {
      thrown = error;
    }
    const { code, message } = SshpoolError.from(thrown);
    expect([code, message]).toEqual(['SYSTEM', 'open /nosuch/file: No such file or directory']);
  });

  it('has the same form without a path', () => {
    const reset = Object.assign(new Error('read ECONNRESET'), {
      ...{ errno: -constants.errno.ECONNRESET, code: 'ECONNRESET', syscall: 'read' },
    });
    expect(SshpoolError.from(reset).message).toBe('read: Connection reset by peer');
  });
});

describe('the log', () => {
  it('has one line for each event, with its time', () => {
    let text = '';
    createLog(new FakeClock(0), (line) => (text += line)).info('two\nlines');
    expect(text).toBe('1970-01-01T00:00:00.000Z two lines\n');
  });

  it('drops and counts a line that cannot be written', () => {
    const log = createLog(new FakeClock(0), () => {
      throw new Error('no space left on device');
    });
    log.info('one');
    log.fault(new Error('two'));
    expect(log.counts).toEqual({ dropped: 2, faults: 1 });
  });
});
