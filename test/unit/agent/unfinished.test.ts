import { beforeEach, expect, it } from 'vitest';
import { Unfinished, type Sender } from '../../../src/agent/unfinished.ts';
import { FakeClock } from '../../support/clock.ts';
import { settle } from '../../support/fake-link.ts';

const MIB = 1024 * 1024;

let clock: FakeClock;
let unfinished: Unfinished;
let dropped: string[];

beforeEach(() => {
  clock = new FakeClock();
  unfinished = new Unfinished(clock);
  dropped = [];
});

const sender = (name: string): Sender => ({ drop: () => void dropped.push(name) });

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000);
    await settle();
  }
}

it('drops a caller that does not say hello within five seconds', async () => {
  unfinished.connected(sender('silent'));
  await pass(4);
  expect(dropped).toEqual([]);
  await pass(1);
  expect(dropped).toEqual(['silent']);
});

it('drops a caller whose hello comes a byte at a time, after the same five seconds', async () => {
  const slow = sender('slow');
  unfinished.connected(slow);
  for (let bytes = 1; bytes < 5; bytes++) {
    await pass(1);
    unfinished.received(slow, bytes, true);
  }
  await pass(1);
  expect(dropped).toEqual(['slow']);
});

it('drops a caller that does not end a frame within ten seconds', async () => {
  const slow = sender('slow');
  unfinished.received(slow, 5, true);
  await pass(5);
  unfinished.received(slow, 6, true);
  await pass(4);
  expect(dropped).toEqual([]);
  await pass(1);
  expect(dropped).toEqual(['slow']);
});

it('keeps a caller that has made its call, or has sent whole frames only', async () => {
  const [calling, through] = [sender('calling'), sender('through')];
  unfinished.connected(through);
  unfinished.received(through, 0, true);
  unfinished.received(calling, 5, false);
  await pass(60);
  expect(dropped).toEqual([]);
});

it('with too many unfinished bytes drops the caller that has sent nothing for the longest time', () => {
  const honest = sender('honest');
  unfinished.received(honest, 1000, true);
  for (let i = 0; i < 7; i++) unfinished.received(sender(`half ${i}`), MIB, true);
  unfinished.received(honest, 200_000, true);
  unfinished.received(sender('half 7'), MIB, true);
  unfinished.received(honest, 255_000, true);
  expect(dropped).toEqual(['half 0']);
});

it('has no timer while no caller has an unfinished message', async () => {
  const quick = sender('quick');
  unfinished.connected(quick);
  unfinished.forget(quick);
  await pass(2);
  expect(clock.pending).toBe(0);
});
