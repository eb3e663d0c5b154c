import { expect, test } from 'vitest';
import { OtherSettings } from '../../../src/agent/other-settings.ts';
import { FakeClock } from '../../support/clock.ts';
import { readSettings } from '../../../src/config/settings.ts';

/** An agent with these settings; `words` is what it says to a caller. */
async function started(env: Record<string, string> = {}) {
  const settings = new OtherSettings(new FakeClock(), await readSettings(env));
  const words = async (caller: Record<string, string>): Promise<string | undefined> => {
    const said: string[] = [];
    const hint = await settings.hint(caller);
    hint((text) => said.push(text));
    return said[0];
  };
  return { words };
}

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

test('what was told of is remembered by a digest, and only the latest of it', async () => {
  const settings = await started();
  for (let i = 0; i <= 256; i += 1) {
    await settings.words({ SSH_POOL_MAX_CONNECTIONS: `${'x'.repeat(1000)}${i}` });
  }
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toContain('SSH_POOL_LINK is auto');
  expect(await settings.words({ SSH_POOL_LINK: 'ssh2' })).toBeUndefined();
});

test('what was not said in the end counts as not said', async () => {
  const settings = new OtherSettings(new FakeClock(), await readSettings({}));
  await settings.hint({ SSH_POOL_LINK: 'ssh2' });
  const said: string[] = [];
  const hint = await settings.hint({ SSH_POOL_LINK: 'ssh2' });
  hint((text) => said.push(text));
  expect(said).toHaveLength(1);
});
