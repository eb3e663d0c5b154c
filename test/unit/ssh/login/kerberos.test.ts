import { existsSync } from 'node:fs';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { mayHaveTicket } from '../../../../src/ssh/login/kerberos.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

let where: Sandbox;
beforeEach(() => {
  where = createSandbox();
  onTestFinished(() => where[Symbol.asyncDispose]());
});

/** If the system has klist, its result counts. */
const hasKlist = existsSync('/usr/bin/klist');

const ask = (env: Record<string, string>, uid = 987_654): Promise<boolean> =>
  mayHaveTicket({ env: { PATH: where.path('bin'), ...env }, cwd: where.root }, uid);

it('there is no ticket without a cache', async () => {
  expect(await ask({})).toBe(false);
  expect(await ask({ KRB5CCNAME: where.path('none') })).toBe(false);
});

it.skipIf(hasKlist)('there may be one in a file that exists', async () => {
  const file = where.write('cache', '');
  expect(await ask({ KRB5CCNAME: file })).toBe(true);
  expect(await ask({ KRB5CCNAME: `FILE:${file}` })).toBe(true);
});

it.skipIf(hasKlist).each(['KEYRING:persistent:1', 'KCM:', 'DIR:/x'])(
  'there may be one in %s',
  async (name) => {
    expect(await ask({ KRB5CCNAME: name })).toBe(true);
  },
);
