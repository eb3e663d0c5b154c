/** A running call, over a link without a network. */
import { expect, it } from 'vitest';
import { RunningCall, type RunningCallFacts } from '../../../src/agent/running-call.ts';
import { readSshOptions } from '../../../src/config/ssh-config/options.ts';
import { parseTarget } from '../../../src/config/command-line/target.ts';
import { PoolBench } from '../../support/pool-bench.ts';
import { settle } from '../../support/fake-link.ts';

const OPTIONS = readSshOptions('hostname web\nuser me\nport 22\n', {
  target: parseTarget('web'),
  configFile: undefined,
  cwd: '/',
  account: { user: 'me', home: '/home/me', uid: 1, localHost: 'here' },
  env: {},
});

const WHAT = {
  start: { command: Buffer.from('x'), subsystem: false, terminal: undefined },
  tty: 'none',
  stdin: true,
  escape: Buffer.alloc(0),
} as const;
const REST = { env: [], agentForward: false };

/** A call with its own bench. */
async function leased(facts: Partial<RunningCallFacts>) {
  const bench = new PoolBench({ healthChecks: false });
  const { lease } = await bench.call();
  if (!lease) throw new Error('no lease');
  const call = new RunningCall({
    clock: bench.clock,
    pool: bench.pool,
    options: OPTIONS,
    ...{ exact: false, quiet: false, silent: false },
    send: () => undefined,
    note: () => undefined,
    starting: () => true,
    limitAt: undefined,
    stoppedByForce: () => false,
    guard: (run) => run(),
    ...facts,
  });
  return { bench, lease, call };
}

it('an error while output is passed on ends the call, but not its connection', async () => {
  const thrown: unknown[] = [];
  const { bench, lease, call } = await leased({
    send: (message) => {
      if (message.type === 'stdout') throw new Error('oops');
    },
    guard: (run) => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    },
  });
  call.run(lease, WHAT, REST);
  await settle();
  const [server] = bench.link.running;
  if (!server) throw new Error('nothing runs');
  bench.link.print(server, 10);
  await settle();
  expect(thrown.map(String)).toEqual(['Error: oops']);
  expect(bench.link.destroyed).toBeUndefined();
});

it('the command of a caller that has disconnected is not sent, and its session is closed', async () => {
  const { bench, lease, call } = await leased({ starting: () => false });
  expect(() => call.run(lease, WHAT, REST)).toThrow('cancelled');
  await settle();
  expect(bench.link.running).toEqual([]);
  expect(lease.session.state).toBe('closed');
});
