import { beforeEach, expect, it } from 'vitest';
import { MemoryReturn } from '../../../src/agent/memory-return.ts';
import { FakeClock } from '../../support/clock.ts';

const MB = 1024 * 1024;

let clock: FakeClock;
let megabytes: number;
let collections: number;
let memory: MemoryReturn;

beforeEach(() => {
  clock = new FakeClock();
  collections = 0;
  memory = new MemoryReturn(clock, {
    resident: () => megabytes * MB,
    collect: () => {
      collections += 1;
      megabytes -= 20;
    },
  });
});

it('collects garbage two seconds after a call ended if the agent has grown large', () => {
  megabytes = 120;
  memory.settle();
  clock.advance(1999);
  expect(collections).toBe(0);
  clock.advance(1);
  expect(collections).toBe(1);
});

it('does not collect garbage in a small agent', () => {
  megabytes = 80;
  memory.settle();
  clock.advance(2000);
  expect(collections).toBe(0);
});

it('does not collect again the memory that the first collection left', () => {
  megabytes = 120;
  memory.settle();
  clock.advance(2000);
  memory.settle();
  clock.advance(2000);
  expect(collections).toBe(1);
  megabytes = 115;
  memory.settle();
  clock.advance(2000);
  expect(collections).toBe(2);
});

it('waits for the last of many ends before it collects', () => {
  megabytes = 120;
  for (let i = 0; i < 10; i++) {
    memory.settle();
    clock.advance(1000);
  }
  expect(collections).toBe(0);
  expect(clock.pending).toBe(1);
  clock.advance(1000);
  expect(collections).toBe(1);
});
