import { expect, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { Penalties, SETTLE_MS } from '../../../../src/ssh/login/penalties.ts';
import { FakeClock } from '../../../support/clock.ts';

const denied = SshpoolError.of('AUTH_FAILED', { user: 'me', host: 'web', methods: '', detail: '' });
const unreachable = SshpoolError.of('CONNECT_FAILED', { host: 'web', port: 22, reason: 'no' });
const untrusted = SshpoolError.of('HOST_KEY_REFUSED', { host: 'web' });

function failing(count: number, error = denied): readonly [Penalties, FakeClock] {
  const clock = new FakeClock();
  const penalties = new Penalties(clock);
  for (let i = 0; i < count; i++) penalties.add('web:22', error);
  return [penalties, clock];
}

test('a failed login prevents optional connects to its server, and to no other, for five minutes', () => {
  const [penalties, clock] = failing(1);
  expect(penalties.hasFailed('web:22')).toBe(true);
  expect(penalties.hasFailed('web:23')).toBe(false);
  clock.advance(SETTLE_MS);
  expect(penalties.hasFailed('web:22')).toBe(false);
});

test('a refused host key counts as a failed login: for the server the client left without a login', () => {
  expect(failing(1, untrusted)[0].hasFailed('web:22')).toBe(true);
});

test('a server that was not reached gives no penalty', () => {
  expect(failing(99, unreachable)[0].hasFailed('web:22')).toBe(false);
});

test('three failed logins of 5 s each give no penalty', () => {
  expect(failing(3)[0].leftMs('web:22')).toBeUndefined();
});

test('four failed logins give a penalty of the sum of their times', () => {
  const [penalties, clock] = failing(4);
  expect(penalties.leftMs('web:22')).toBe(20_000);
  clock.advance(14_000);
  expect(penalties.leftMs('web:22')).toBe(6000);
  clock.advance(6000);
  expect(penalties.leftMs('web:22')).toBeUndefined();
});

test('old penalties expire', () => {
  const [penalties, clock] = failing(4);
  clock.advance(20_000);
  penalties.add('web:22', denied);
  expect(penalties.leftMs('web:22')).toBeUndefined();
});

test('the penalty is at most ten minutes', () => {
  expect(failing(999)[0].leftMs('web:22')).toBe(600_000);
});
