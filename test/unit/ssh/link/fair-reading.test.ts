import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FairReading } from '../../../../src/ssh/link/fair-reading.ts';
import { FakeClock } from '../../../support/clock.ts';
import { until } from '../../../support/process.ts';

/** Handles messages one by one; each takes `ms`. */
function reading(stream: PassThrough, ms: number) {
  const clock = new FakeClock();
  const queue: number[] = [];
  const done: number[] = [];
  const work = () => {
    while (queue.length > 0 && !fair.isOver) {
      clock.advance(ms);
      done.push(queue.shift() ?? 0);
    }
    return queue.length > 0;
  };
  const fair = new FairReading(stream, work, clock);
  return { fair, queue, done };
}

describe('reading', () => {
  it('continues at once if the work is short', () => {
    const stream = new PassThrough();
    stream.resume();
    const { fair, queue, done } = reading(stream, 0);
    queue.push(1, 2, 3);
    fair.run();
    expect([done, stream.isPaused()]).toEqual([[1, 2, 3], false]);
  });

  it('lets other events run in between, and ends in order', async () => {
    const stream = new PassThrough();
    stream.resume();
    const { fair, queue, done } = reading(stream, 3);
    queue.push(1, 2, 3, 4, 5);
    fair.run();
    expect([done, stream.isPaused()]).toEqual([[1, 2], true]);
    await until(() => !stream.isPaused(), 'it reads on');
    expect(done).toEqual([1, 2, 3, 4, 5]);
  });

  it('stops with the stream', () => {
    const stream = new PassThrough();
    const { fair, queue, done } = reading(stream, 0);
    stream.destroy();
    queue.push(1);
    fair.run();
    expect(done).toEqual([]);
  });

  it('waits for a server that does not read the answers that it caused', async () => {
    const stream = new PassThrough({ writableHighWaterMark: 16, readableHighWaterMark: 16 });
    const { fair } = reading(stream, 0);
    stream.write(Buffer.alloc(1000));
    fair.answered(70_000);
    fair.run();
    const resumed = once(stream, 'resume');
    expect(stream.isPaused()).toBe(true);
    stream.read();
    await resumed;
    expect(stream.isPaused()).toBe(false);
  });

  it("continues if only the client's own data waits for the server", () => {
    const stream = new PassThrough({ writableHighWaterMark: 16, readableHighWaterMark: 16 });
    const { fair } = reading(stream, 0);
    stream.write(Buffer.alloc(100_000));
    fair.run();
    expect(stream.isPaused()).toBe(false);
  });
});
