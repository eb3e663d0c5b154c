/** The launcher's escape characters compared with the rules, for input cut at any place. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { compile } from '../../../scripts/launcher.js';
import { noSanitizers } from '../../support/launcher.ts';
import { createSandbox } from '../../support/sandbox.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const SECONDS = 2;

test('escape characters have the same effect however the input is cut', async (context) => {
  const sandbox = createSandbox();
  onTestFinished(() => sandbox[Symbol.asyncDispose]());
  const reason = noSanitizers(sandbox);
  context.skip(reason !== undefined, reason);
  const program = sandbox.path('escapes');
  const sources = [here('escapes.c'), here('../../../src/launcher/escapes.c')];
  const built = compile(program, sources, { sanitize: true });
  expect(built).toEqual({ ok: true });
  const seed = String(Date.now() % 1_000_000);
  const run = spawnSync(program, [seed, String(SECONDS)], { encoding: 'utf8' });
  expect(run, `seed ${seed}`).toMatchObject({ status: 0, stderr: '' });
  expect(run.stdout).toMatch(/^\d+ texts\n$/);
});
