import { expect, it } from 'vitest';
import { callMethod } from '../../../src/agent/methods.ts';
import type { Services } from '../../../src/agent/services.ts';
import type { Label } from '../../../src/pool/connection/context.ts';
import type { Match } from '../../../src/pool/pool.ts';

const CONNECTED: Label = { target: 'box', name: 'box', user: 'me', hostname: '10.1.2.3', port: 22 };

const nothing = () => Promise.resolve({});

/** Whether `close` with this target selects the connection; `resolved` is the result of ssh -G. */
async function meant(text: string, resolved: Partial<Label> | undefined): Promise<boolean> {
  let isMeant = false;
  const services = {
    env: {},
    sshConfig: {
      resolve: () =>
        resolved === undefined
          ? Promise.reject(new Error('no such host'))
          : Promise.resolve({ user: 'me', hostname: text, port: 22, ...resolved }),
    },
    pool: {
      close: (match: Match) => {
        isMeant = match(CONNECTED, 'key');
        return Promise.resolve([]);
      },
    },
  } as unknown as Services;
  const caller = { ask: () => Promise.resolve(undefined), note: () => undefined };
  const params = JSON.stringify({ target: text, force: false });
  await callMethod(services, 'close', params, { ...caller, environment: nothing });
  return isMeant;
}

it.each<[string, Partial<Label> | undefined, boolean]>([
  ['box', {}, true],
  ['10.1.2.3', {}, true],
  ['web-prod', { hostname: '10.1.2.3' }, true],
  ['web-prod', { hostname: '10.1.2.3', port: 23 }, false],
  ['web-prod', { hostname: '10.1.2.3', user: 'root' }, false],
  ['elsewhere', {}, false],
  ['elsewhere', undefined, false],
  ['box', undefined, true],
])(
  'the target %s, resolved by ssh to %j, selects the connection: %s',
  async (text, resolved, isMeant) => {
    expect(await meant(text, resolved)).toBe(isMeant);
  },
);
