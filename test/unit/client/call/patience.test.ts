import { beforeEach, expect, it } from 'vitest';
import { Patience } from '../../../../src/client/call/patience.ts';
import { FakeClock } from '../../../support/clock.ts';
import { settle } from '../../../support/fake-link.ts';

let clock: FakeClock;
let patience: Patience;
let told: string[];

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

beforeEach(() => {
  clock = new FakeClock();
  told = [];
  const events = { ask: () => told.push('ask'), giveUp: () => told.push('give up') };
  patience = new Patience(events, clock);
});

it('gives up on an agent that does not say hello within five seconds', async () => {
  await pass(4999);
  expect(told).toEqual([]);
  await pass(1);
  expect(told).toEqual(['give up']);
});

it('pings after five seconds without a message, and gives up five seconds later', async () => {
  await pass(1000);
  patience.heard();
  await pass(4000);
  await pass(1000);
  expect(told).toEqual(['ask']);
  await pass(5000);
  expect(told).toEqual(['ask', 'give up']);
});

it('pings again five seconds after an answer', async () => {
  patience.heard();
  await pass(5000);
  patience.heard();
  await pass(5000);
  patience.heard();
  await pass(5000);
  expect(told).toEqual(['ask', 'ask', 'ask']);
});

it('pings after thirty seconds once the command runs, and gives up thirty seconds later', async () => {
  patience.heard();
  patience.runs();
  await pass(5000);
  await pass(24_999);
  expect(told).toEqual([]);
  await pass(1);
  expect(told).toEqual(['ask']);
  await pass(30_000);
  expect(told).toEqual(['ask', 'give up']);
});

it('reads data that has arrived before it gives up, as after a stop of the caller', async () => {
  clock.advance(60_000);
  patience.heard();
  await settle();
  expect(told).toEqual([]);
});

it('neither pings nor gives up after the call has ended', async () => {
  patience.heard();
  patience.end();
  await pass(60_000);
  expect(told).toEqual([]);
});
