import { expect, test } from 'vitest';
import { OtherSettings } from '../../../src/agent/other-settings.ts';
import { readSettings } from '../../../src/config/settings.ts';

const started = async (env: Record<string, string> = {}): Promise<OtherSettings> =>
  new OtherSettings(await readSettings(env));

test('a caller that sets nothing, or what the agent has, is told nothing', async () => {
  const settings = await started({ SSH_POOL_MAX_CONNECTIONS: '7' });
  expect(await settings.words({ HOME: '/home/me' })).toBeUndefined();
  expect(await settings.words({ SSH_POOL_MAX_CONNECTIONS: '7' })).toBeUndefined();
  expect(
    await settings.words({ SSH_POOL_MAX_CONNECTIONS: ' 07', SSH_POOL_LINK: '' }),
  ).toBeUndefined();
  expect(await settings.words({ SSH_POOL_HEALTH_CHECKS: 'yes' })).toBeUndefined();
});

test('a caller that sets something else is told what the agent has, and what to do', async () => {
  const settings = await started({ SSH_POOL_LINK: 'openssh' });
  const words = await settings.words({ SSH_POOL_LINK: 'ssh2', SSH_POOL_MAX_CONNECTIONS: '9' });
  expect(words).toBe(
    'sshpool: the running agent has other settings: SSH_POOL_MAX_CONNECTIONS is 5, SSH_POOL_LINK is openssh; ' +
      'yours count when the next one starts: sshpool agent stop',
  );
});

test('it is said once for the same settings, and again for others', async () => {
  const settings = await started();
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toContain('SSH_POOL_LINK is auto');
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toBeUndefined();
  expect(await settings.words({ SSH_POOL_LINK: 'openssh' })).toContain('SSH_POOL_LINK is auto');
});

test('a value that no agent would take is named as at the start of one', async () => {
  const settings = await started();
  expect(await settings.words({ SSH_POOL_LINK: 'carrier-pigeon' })).toMatch(
    /^sshpool: SSH_POOL_LINK=carrier-pigeon is not valid/,
  );
});
