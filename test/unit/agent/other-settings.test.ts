import { expect, test } from 'vitest';
import { OtherSettings } from '../../../src/agent/other-settings.ts';
import { FakeClock } from '../../support/clock.ts';
import { readSettings } from '../../../src/config/settings/settings.ts';

/** An agent with these settings; `words` returns its hint to a caller. */
async function started(env: Record<string, string> = {}) {
  const own = await readSettings(env);
  const settings = new OtherSettings(new FakeClock(), () => own);
  const words = async (caller: Record<string, string>): Promise<string | undefined> => {
    const said: string[] = [];
    const hint = await settings.hint(caller);
    hint((text) => said.push(text));
    return said[0];
  };
  return { words };
}

test("a caller without settings, or with the agent's settings, gets no hint", async () => {
  const settings = await started({ SSH_POOL_MAX_CONNECTIONS: '7' });
  expect(await settings.words({ HOME: '/home/me' })).toBeUndefined();
  expect(await settings.words({ SSH_POOL_MAX_CONNECTIONS: '7' })).toBeUndefined();
  expect(
    await settings.words({ SSH_POOL_MAX_CONNECTIONS: ' 07', SSH_POOL_LINK: '' }),
  ).toBeUndefined();
  expect(await settings.words({ SSH_POOL_HEALTH_CHECKS: 'yes' })).toBeUndefined();
});

test('a caller with other settings is told the settings of the agent, and how to restart it', async () => {
  const settings = await started({ SSH_POOL_LINK: 'openssh' });
  const words = await settings.words({ SSH_POOL_LINK: 'ssh2', SSH_POOL_MAX_CONNECTIONS: '9' });
  expect(words).toBe(
    'sshpool: the running agent has other settings: SSH_POOL_MAX_CONNECTIONS is 5, SSH_POOL_LINK is openssh; ' +
      'yours count when the next one starts: sshpool agent stop',
  );
});

test('the hint is given once for the same settings, and again for others', async () => {
  const settings = await started();
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toContain('SSH_POOL_LINK is auto');
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toBeUndefined();
  expect(await settings.words({ SSH_POOL_LINK: 'openssh' })).toContain('SSH_POOL_LINK is auto');
});

test('an invalid value is reported as at the start of an agent', async () => {
  const settings = await started();
  expect(await settings.words({ SSH_POOL_LINK: 'carrier-pigeon' })).toMatch(
    /^sshpool: SSH_POOL_LINK=carrier-pigeon is not valid/,
  );
});

test('the agent stores only a digest of the settings in each hint, and only the latest 256', async () => {
  const settings = await started();
  for (let i = 0; i <= 256; i += 1) {
    await settings.words({ SSH_POOL_MAX_CONNECTIONS: `${'x'.repeat(1000)}${i}` });
  }
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toContain('SSH_POOL_LINK is auto');
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toBeUndefined();
});

test('a hint that was not printed is given again', async () => {
  const own = await readSettings({});
  const settings = new OtherSettings(new FakeClock(), () => own);
  await settings.hint({ SSH_POOL_LINK: 'ssh2' });
  const said: string[] = [];
  const hint = await settings.hint({ SSH_POOL_LINK: 'ssh2' });
  hint((text) => said.push(text));
  expect(said).toHaveLength(1);
});
