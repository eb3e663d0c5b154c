import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { parseSettings } from '../../../../src/config/settings/settings-schema.ts';
import { readSettings, VARIABLES } from '../../../../src/config/settings/settings.ts';

test('an empty environment gives the defaults', () => {
  expect(parseSettings({})).toEqual({
    maxConnections: 5,
    idleTimeoutMs: 60_000,
    connectionTimeoutMs: 5_000,
    healthChecks: true,
    healthCheckIntervalMs: 30_000,
    queueTimeoutMs: 30_000,
    agentIdleTimeoutMs: 600_000,
    link: 'auto',
    followAddresses: false,
    log: 'info',
  });
});

test('an environment without settings gives the defaults', async () => {
  expect(await readSettings({ PATH: '/bin' })).toEqual(parseSettings({}));
  expect(Object.isFrozen(await readSettings({}))).toBe(true);
});

test('an environment with settings is read by their schema', async () => {
  expect(await readSettings({ SSH_POOL_MAX_CONNECTIONS: '7' })).toMatchObject({
    maxConnections: 7,
  });
  await expect(readSettings({ SSH_POOL_MAX_CONNECTIONS: '0' })).rejects.toThrow(SshpoolError);
});

test('the table has the default of every field', () => {
  const table = Object.fromEntries(VARIABLES.map((row) => [row.field, row.default]));
  expect(parseSettings({})).toEqual(table);
});

test('the settings cannot be changed', () => {
  expect(Object.isFrozen(parseSettings({}))).toBe(true);
});

test.each(VARIABLES)('an empty $name counts as unset', ({ name, field, default: value }) => {
  expect(parseSettings({ [name]: '' })[field]).toBe(value);
});

test.each(VARIABLES)('an invalid $name is named in the error', ({ name, expected }) => {
  expect(() => parseSettings({ [name]: 'bad' })).toThrow(
    expect.objectContaining({
      code: 'BAD_SETTING',
      exitCode: 2,
      message: `${name}=bad is not valid: it must be ${expected}`,
    }),
  );
});

test.each([
  ['true', true],
  ['YES', true],
  ['1', true],
  ['False', false],
  ['no', false],
  ['0', false],
])('health checks: %s means %s', (text, value) => {
  expect(parseSettings({ SSH_POOL_HEALTH_CHECKS: text }).healthChecks).toBe(value);
});

test.each(['0', '1001', '-1', '1.5', '1e3', '0x10'])('%s connections are refused', (text) => {
  expect(() => parseSettings({ SSH_POOL_MAX_CONNECTIONS: text })).toThrow(SshpoolError);
});

test.each(['1', '1000'])('%s connections are accepted', (text) => {
  expect(parseSettings({ SSH_POOL_MAX_CONNECTIONS: text }).maxConnections).toBe(Number(text));
});

test('an agent idle timeout of 0 is accepted', () => {
  expect(parseSettings({ SSH_POOL_AGENT_IDLE_TIMEOUT_MS: '0' }).agentIdleTimeoutMs).toBe(0);
});

test('an idle timeout of 0 is refused', () => {
  expect(() => parseSettings({ SSH_POOL_IDLE_TIMEOUT_MS: '0' })).toThrow(SshpoolError);
});

test('the maximum delay of a timer is accepted', () => {
  expect(parseSettings({ SSH_POOL_QUEUE_TIMEOUT_MS: '2147483647' }).queueTimeoutMs).toBe(
    2147483647,
  );
});

test('a time above the maximum delay of a timer is refused', () => {
  expect(() => parseSettings({ SSH_POOL_QUEUE_TIMEOUT_MS: '2147483648' })).toThrow(SshpoolError);
});

test('an unknown variable is ignored', () => {
  expect(parseSettings({ SSH_POOL_NONSENSE: 'x' })).toEqual(parseSettings({}));
});

function outcome(env: Record<string, string>): string {
  try {
    parseSettings(env);
    return 'fine';
  } catch (error) {
    if (error instanceof SshpoolError) return error.code;
    throw error;
  }
}

test('any text in any variable gives settings or a BAD_SETTING', () => {
  fc.assert(
    fc.property(fc.constantFrom(...VARIABLES), fc.string(), ({ name }, text) => {
      expect(outcome({ [name]: text })).toMatch(/^(fine|BAD_SETTING)$/);
    }),
  );
});
