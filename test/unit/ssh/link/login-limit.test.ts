import { beforeEach, expect, test } from 'vitest';
import { deferred, type Deferred } from '../../../../src/base/deferred.ts';
import type { SshOptions } from '../../../../src/config/ssh-config/options.ts';
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

/** The limit of five seconds on a connect, which uses only these options. */
function limitFor(more: Partial<SshOptions>): LoginLimit {
  const options = { user: 'me', hostname: 'web', port: 22, ...more } as SshOptions;
  const limit = new LoginLimit({ clock, options, timeoutMs: 5000 }, ({ code }) => codes.push(code));
  limit.awaitProxy(options, spoke.promise);
  return limit;
}

test('the limit starts when a proxy sends its first data', async () => {
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

test('a proxy that sends nothing for two minutes fails, because other calls wait for the same connect', () => {
  limitFor({ proxyCommand: 'wake' });
  clock.advance(120_000);
  expect(codes).toEqual(['CONNECT_TIMEOUT']);
});

test('a ConnectTimeout of the user includes the proxy, as with ssh', () => {
  limitFor({ proxyCommand: 'wake', connectTimeoutMs: 5000 });
  clock.advance(5000);
  expect(codes).toEqual(['CONNECT_TIMEOUT']);
});

test('without a proxy the limit starts at once', () => {
  limitFor({});
  clock.advance(5000);
  expect(codes).toEqual(['CONNECT_TIMEOUT']);
});

test('an expired limit stays expired if the proxy sends data late', async () => {
  const limit = limitFor({ proxyCommand: 'wake' });
  limit.cancel();
  spoke.resolve();
  await settle();
  clock.advance(3_600_000);
  expect([codes, clock.pending]).toEqual([[], 0]);
});
