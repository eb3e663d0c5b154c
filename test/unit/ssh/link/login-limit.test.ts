import { beforeEach, expect, test } from 'vitest';
import { deferred, type Deferred } from '../../../../src/base/deferred.ts';
import type { SshOptions } from '../../../../src/config/ssh-options.ts';
import { LoginLimit } from '../../../../src/ssh/link/login-limit.ts';
import { FakeClock } from '../../../support/clock.ts';
import { settle } from '../../../support/fake-link.ts';

let clock: FakeClock;
let codes: string[];
let spoke: Deferred;

beforeEach(() => {
  clock = new FakeClock();
  codes = [];
  spoke = deferred();
});

/** The limit of five seconds on a connect, which looks at these options and no other. */
function limitFor(more: Partial<SshOptions>): LoginLimit {
  const options = { user: 'me', hostname: 'web', port: 22, ...more } as SshOptions;
  const limit = new LoginLimit({ clock, options, timeoutMs: 5000 }, ({ code }) => codes.push(code));
  limit.awaitProxy(options, spoke.promise);
  return limit;
}

test('a proxy may take its time, and what comes after that may not', async () => {
  limitFor({ proxyCommand: 'wake' });
  clock.advance(119_999);
  expect(codes).toEqual([]);
  spoke.resolve();
  await settle();
  clock.advance(4999);
  expect(codes).toEqual([]);
  clock.advance(1);
  expect(codes).toEqual(['CONNECT_TIMEOUT']);
});

test('a proxy that says nothing for two minutes is given up: others wait for the same connect', () => {
  limitFor({ proxyCommand: 'wake' });
  clock.advance(120_000);
  expect(codes).toEqual(['CONNECT_TIMEOUT']);
});

test('the limit that a user has set covers a proxy, too, as with ssh', () => {
  limitFor({ proxyCommand: 'wake', connectTimeoutMs: 5000 });
  clock.advance(5000);
  expect(codes).toEqual(['CONNECT_TIMEOUT']);
});

test('where there is no proxy nothing is waited for', () => {
  limitFor({});
  clock.advance(5000);
  expect(codes).toEqual(['CONNECT_TIMEOUT']);
});

test('a limit that is over stays so when the proxy speaks late', async () => {
  const limit = limitFor({ proxyCommand: 'wake' });
  limit.cancel();
  spoke.resolve();
  await settle();
  clock.advance(3_600_000);
  expect([codes, clock.pending]).toEqual([[], 0]);
});
