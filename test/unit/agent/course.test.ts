/** What was opened for a call, over a link without a network. */
import { expect, it } from 'vitest';
import { Course } from '../../../src/agent/course.ts';
import { readSshOptions } from '../../../src/config/ssh-options.ts';
import { parseTarget } from '../../../src/config/target.ts';
import { PoolBench } from '../../support/pool-bench.ts';
import { settle } from '../../support/fake-link.ts';

const OPTIONS = readSshOptions('hostname web\nuser me\nport 22\n', {
  target: parseTarget('web'),
  configFile: undefined,
  cwd: '/',
  account: { user: 'me', home: '/home/me', uid: 1, localHost: 'here' },
  env: {},
});

it('an error while output is handed on ends that call, and not its connection', async () => {
  const bench = new PoolBench({ healthChecks: false });
  const call = await bench.call();
  if (!call.lease) throw new Error('no lease');
  const thrown: unknown[] = [];
  const course = new Course({
    clock: bench.clock,
    pool: bench.pool,
    options: OPTIONS,
    ...{ exact: false, quiet: false, silent: false },
    send: (message) => {
      if (message.type === 'stdout') throw new Error('oops');
    },
    limitAt: undefined,
    stoppedByForce: () => false,
    guard: (run) => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    },
  });
  const start = { command: Buffer.from('x'), subsystem: false, terminal: undefined };
  const what = { start, tty: 'none', stdin: true, escape: Buffer.alloc(0) } as const;
  course.run(call.lease, what, { env: [], agentForward: false });
  await settle();
  const [server] = bench.link.running;
  if (!server) throw new Error('nothing runs');
  bench.link.print(server, 10);
  await settle();
  expect(thrown.map(String)).toEqual(['Error: oops']);
  expect(bench.link.destroyed).toBeUndefined();
});
