/** Checks the test support for processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  alive,
  childrenOf,
  descendantsOf,
  processesNaming,
  rssBytes,
  signal,
  titleOf,
  until,
} from '../../support/process.ts';

const pidOf = (child: ChildProcess): number => {
  if (child.pid === undefined) throw new Error('not started');
  return child.pid;
};

describe.runIf(process.platform === 'linux')('processes', () => {
  it('finds a child and its child, until they end', async () => {
    const shell = spawn('/bin/sh', ['-c', 'sleep 601 & wait'], {
      env: { MARK: 'mark-of-this-test' },
    });
    const pid = pidOf(shell);
    expect(childrenOf(process.pid)).toContain(pid);
    const [sleep = 0] = await until(
      () => descendantsOf(pid).filter((child) => titleOf(child) === 'sleep 601'),
      'sh starts sleep',
    );
    await until(() => descendantsOf(process.pid).includes(sleep), 'sleep is found');
    expect(processesNaming('mark-of-this-test')).toEqual(expect.arrayContaining([pid, sleep]));
    expect([pid, sleep].filter(alive)).toEqual([pid, sleep]);
    expect(rssBytes(pid)).toBeGreaterThan(100_000);

    signal(sleep, 'SIGKILL');
    await once(shell, 'exit');
    expect([pid, sleep].filter(alive)).toEqual([]);
    expect(rssBytes(pid)).toBe(0);
    signal(pid, 'SIGKILL');
  });
});

describe('until', () => {
  it('returns the result of the condition', async () => {
    let looks = 0;
    expect(await until(() => (looks += 1) === 3 && 'there', 'three looks')).toBe('there');
  });

  it('continues if the condition returns an empty list', async () => {
    const looks: string[][] = [[], [], ['there']];
    expect(await until(() => looks.shift(), 'three looks')).toEqual(['there']);
  });

  it('names the condition in its error', async () => {
    await expect(until(() => false, 'the sun rises', 20)).rejects.toThrow(
      'not within 20 ms: the sun rises',
    );
  });

  it('rethrows an error of the condition', async () => {
    await expect(until(() => Promise.reject(new Error('broken')), 'x')).rejects.toThrow('broken');
  });
});
