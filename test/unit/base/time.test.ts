/** Timers of the system. */
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/base/time.ts';
import { connected } from '../../support/sockets.ts';

it('after a stop of the process data that has arrived is read before a timer runs', async () => {
  const [client, server] = await connected();
  const order: string[] = [];
  server.on('data', () => order.push('data'));
  const done = new Promise<void>((resolve) => {
    systemClock.after(10, () => {
      order.push('timer');
      resolve();
    });
  });
  client.write('x');
  // Nothing else runs in this process until then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  await done;
  expect(order).toEqual(['data', 'timer']);
});

it('a timer that is cancelled during its second wait after a stop does not run', async () => {
  let ran = false;
  const timer = systemClock.after(100, () => (ran = true));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  const later = new Promise<void>((resolve) => void setTimeout(resolve, 200));
  await new Promise((resolve) => setImmediate(resolve));
  timer.cancel();
  await later;
  expect(ran).toBe(false);
});
