import { beforeEach, expect, test } from 'vitest';
import { EndCommand } from '../../../src/pool/end-command.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench, type Call } from '../../support/pool-bench.ts';

let bench: PoolBench;
let call: Call;
let end: EndCommand;

const signals = (): string[] =>
  bench.link
    .sentOf('request')
    .filter(({ name }) => name === 'signal')
    .map(({ payload }) => payload.subarray(4).toString());
const closes = (): number => bench.link.sentOf('close').length;

beforeEach(async () => {
  bench = new PoolBench({ healthChecks: false });
  call = await bench.running();
  bench.link.grants.add('signal');
  if (!call.lease) throw new Error('no lease');
  end = new EndCommand(call.lease, bench.clock);
});

/** A second command that is ended before the server has answered its request. */
async function starting(): Promise<Call> {
  const later = await bench.call();
  bench.link.mute = true;
  await bench.run(later);
  if (!later.lease) throw new Error('no lease');
  new EndCommand(later.lease, bench.clock).end('TERM');
  await settle();
  return later;
}

test('a signal alone is delivered without further actions', async () => {
  end.signal('INT');
  await bench.pass(60_000);
  expect([signals(), closes()]).toEqual([['INT'], 0]);
});

test('an end starts with end of file on stdin and the signal', () => {
  end.end('TERM');
  expect(bench.link.sentOf('eof')).toHaveLength(1);
  expect(signals()).toEqual(['TERM']);
});

test('a command that does not end is killed after five seconds', async () => {
  end.end('TERM');
  await settle();
  await bench.pass(4999);
  expect(signals()).toEqual(['TERM']);
  await bench.pass(1);
  expect(signals()).toEqual(['TERM', 'KILL']);
});

test('a channel that stays open is closed two seconds later', async () => {
  end.end('TERM');
  await settle();
  await bench.pass(6999);
  expect(closes()).toBe(0);
  await bench.pass(1);
  expect(closes()).toBe(1);
  expect(call.outcome).toEqual({ kind: 'vanished' });
});

test('an end starts only once', async () => {
  end.end('TERM');
  end.end('HUP');
  await bench.pass(1000);
  expect(signals()).toEqual(['TERM']);
});

test('a command that has ended gets no further signal', async () => {
  end.end('TERM');
  await bench.finish(call);
  end.done();
  end.end('TERM');
  await bench.pass(10_000);
  expect([signals(), closes()]).toEqual([['TERM'], 1]);
});

test('the session of a server that sends nothing within a second is closed', async () => {
  await bench.pass(100);
  bench.link.mute = true;
  end.end('TERM');
  await bench.pass(999);
  expect(call.outcome).toBeUndefined();
  await bench.pass(1);
  expect([signals(), closes(), call.outcome]).toEqual([['TERM'], 1, { kind: 'vanished' }]);
});

test('any message of the server keeps the time limit of the command', async () => {
  await bench.pass(100);
  bench.link.mute = true;
  end.end('TERM');
  await bench.pass(500);
  bench.link.receive({ type: 'window-adjust', recipient: call.server?.client ?? 0, bytes: 1 });
  await bench.pass(4499);
  expect(call.outcome).toBeUndefined();
  await bench.pass(1);
  expect(signals()).toEqual(['TERM', 'KILL']);
});

test('a refused signal closes the channel at once', async () => {
  bench.link.grants.delete('signal');
  end.end('TERM');
  await bench.pass(1);
  expect([closes(), call.outcome]).toEqual([1, { kind: 'vanished' }]);
});

test('a command whose request is not answered within a second is closed, whatever else the server sends', async () => {
  await bench.pass(100);
  const later = await starting();
  await bench.pass(500);
  bench.link.receive({ type: 'window-adjust', recipient: call.server?.client ?? 0, bytes: 1 });
  await bench.pass(499);
  expect([signals(), later.outcome]).toEqual([['TERM'], undefined]);
  await bench.pass(1);
  expect([signals(), closes(), later.outcome]).toEqual([['TERM'], 1, { kind: 'vanished' }]);
});

test('a command whose request is answered within a second keeps its time limit', async () => {
  await bench.pass(100);
  const later = await starting();
  await bench.pass(500);
  bench.link.receive({ type: 'success', recipient: bench.link.sentOf('open')[1]?.sender ?? 0 });
  await bench.pass(4499);
  expect([signals(), later.outcome]).toEqual([['TERM'], undefined]);
  await bench.pass(1);
  expect(signals()).toEqual(['TERM', 'KILL']);
});

test.each(['HUP', 'INT', 'QUIT', 'TERM'])(
  'a refused %s ends the session, as with ssh',
  async (name) => {
    bench.link.grants.delete('signal');
    end.signal(name);
    await bench.pass(1);
    expect([closes(), call.outcome]).toMatchObject([
      1,
      {
        kind: 'lost',
        error: { code: 'REQUEST_REFUSED', message: 'web refused the signal request' },
      },
    ]);
  },
);

test('a refused USR1 has no effect', async () => {
  bench.link.grants.delete('signal');
  end.signal('USR1');
  await bench.pass(1);
  expect([closes(), call.outcome]).toEqual([0, undefined]);
});
