/** Signals to a running session, with and without a second session for the workaround. */
import { expect, test } from 'vitest';
import { signalCommand } from '../../../src/pool/connection/kill-command.ts';
import { settle } from '../../support/fake-link.ts';
import { PoolBench, type Call } from '../../support/pool-bench.ts';

const ROOT = { user: 'root', serverVersion: 'OpenSSH_9.2p1' };

async function signal(call: Call): Promise<{ done: boolean | undefined }> {
  const result: { done: boolean | undefined } = { done: undefined };
  const { lease } = call;
  void lease?.connection.signal(lease.session, 'TERM').then((done) => (result.done = done));
  await settle();
  return result;
}

test('a signal that the server refuses is not sent in another way for a user other than root', async () => {
  const bench = new PoolBench();
  const result = await signal(await bench.running());
  expect(result.done).toBe(false);
  expect(bench.link.running).toHaveLength(1);
});

test('for root on an older sshd a second session signals the command', async () => {
  const bench = new PoolBench({}, ROOT);
  await bench.running();
  const call = await bench.running();
  const result = await signal(call);
  const helper = bench.link.running.at(-1);
  expect(helper?.command).toContain('-eq 1 ]; then g=$c');
  expect(helper?.command).toContain('-eq 2 ] && kill -TERM');
  if (helper) bench.link.exit(helper, 0);
  await settle();
  expect(result.done).toBe(true);
});

test('the workaround is retried with the current sessions if the number of commands differs', async () => {
  const bench = new PoolBench({}, ROOT);
  const result = await signal(await bench.running());
  const first = bench.link.running.at(-1);
  await bench.running();
  if (first) bench.link.exit(first, 1);
  await settle();
  const second = bench.link.running.at(-1);
  expect([first?.command, second?.command]).toEqual([
    signalCommand('TERM', 0, 1),
    signalCommand('TERM', 0, 2),
  ]);
  if (second) bench.link.exit(second, 0);
  await settle();
  expect(result.done).toBe(true);
});

test('a command that started while the second session was opened counts', async () => {
  const bench = new PoolBench({}, ROOT);
  const call = await bench.running();
  const other = await bench.call();
  const { lease } = call;
  const opens = bench.link.sentOf('open').length;
  void lease?.connection.signal(lease.session, 'TERM');
  while (bench.link.sentOf('open').length === opens) await Promise.resolve();
  void bench.run(other);
  await settle();
  const helper = bench.link.running.find(({ command }) => command?.includes('kill'));
  expect(helper?.command).toBe(signalCommand('TERM', 0, 2));
});

test('the signal fails if the tenth attempt still finds another number', async () => {
  const bench = new PoolBench({}, ROOT);
  const result = await signal(await bench.running());
  for (let tries = 1; tries <= 10; tries += 1) {
    expect(result.done).toBeUndefined();
    const helper = bench.link.running.at(-1);
    if (helper) bench.link.exit(helper, 1);
    await settle();
  }
  expect(result.done).toBe(false);
});

test('the signal fails if the server opens no second session', async () => {
  const bench = new PoolBench({}, { ...ROOT, maxSessions: 1 });
  const result = await signal(await bench.running());
  expect(result.done).toBe(false);
});

test('a session without a command gets no signal', async () => {
  const bench = new PoolBench({}, ROOT);
  const result = await signal(await bench.call());
  expect(result.done).toBe(false);
  expect(bench.link.requests).not.toContain('signal');
});

test('a second signal waits until the helper session of the first one has ended', async () => {
  const bench = new PoolBench({}, ROOT);
  const call = await bench.running();
  const [first, second] = [await signal(call), await signal(call)];
  expect(bench.link.running).toHaveLength(2);
  const helper = bench.link.running.at(-1);
  if (helper) bench.link.exit(helper, 0);
  await settle();
  expect([first.done, second.done]).toEqual([true, undefined]);
  expect(bench.link.running.at(-1)?.command).toContain('-eq 1 ] && kill -TERM');
});

test('an invalid signal does not affect later ones', async () => {
  const bench = new PoolBench({}, ROOT);
  const call = await bench.running();
  const { lease } = call;
  expect(await lease?.connection.signal(lease.session, 'SIGTERM')).toBe(false);
  await signal(call);
  expect(bench.link.running.at(-1)?.command).toContain('kill -TERM');
});
