import { beforeEach, expect, test } from 'vitest';
import { RemoteEnd } from '../../../src/pool/remote-end.ts';
import { PoolBench, type Call } from '../../support/pool-bench.ts';

let bench: PoolBench;
let call: Call;
let end: RemoteEnd;

const signals = (): string[] =>
  bench.link
    .sentOf('request')
    .filter(({ name }) => name === 'signal')
    .map(({ payload }) => payload.subarray(4).toString());
const closes = (): number => bench.link.sentOf('close').length;

beforeEach(async () => {
  bench = new PoolBench({ healthChecks: false });
  call = await bench.running();
  if (!call.lease) throw new Error('no lease');
  end = new RemoteEnd(call.lease, bench.clock);
});

test('a signal alone is delivered, and no more', async () => {
  end.signal('INT');
  await bench.pass(60_000);
  expect([signals(), closes()]).toEqual([['INT'], 0]);
});

test('an end begins with the end of stdin and the signal', () => {
  end.end('TERM');
  expect(bench.link.sentOf('eof')).toHaveLength(1);
  expect(signals()).toEqual(['TERM']);
});

test('a command that stays is killed after five seconds', async () => {
  end.end('TERM');
  await bench.pass(4999);
  expect(signals()).toEqual(['TERM']);
  await bench.pass(1);
  expect(signals()).toEqual(['TERM', 'KILL']);
});

test('a channel that stays is closed two seconds later', async () => {
  end.end('TERM');
  await bench.pass(6999);
  expect(closes()).toBe(0);
  await bench.pass(1);
  expect(closes()).toBe(1);
  expect(call.outcome).toEqual({ kind: 'vanished' });
});

test('an end is begun once', async () => {
  end.end('TERM');
  end.end('HUP');
  await bench.pass(1000);
  expect(signals()).toEqual(['TERM']);
});

test('a command that has ended is left alone', async () => {
  end.end('TERM');
  await bench.finish(call);
  end.done();
  end.end('TERM');
  await bench.pass(10_000);
  expect([signals(), closes()]).toEqual([['TERM'], 1]);
});
