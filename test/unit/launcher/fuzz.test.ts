/** The launcher with agent streams that are valid, damaged or random; bounded in time. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { compile } from '../../../scripts/launcher.js';
import { noSanitizers } from '../../support/launcher.ts';
import { createSandbox } from '../../support/sandbox.ts';

const SOURCE = fileURLToPath(new URL('../../../src/launcher', import.meta.url));
const FUZZ = fileURLToPath(new URL('fuzz.c', import.meta.url));
const SECONDS = 5;

test('no stream of an agent makes the launcher access memory out of bounds', async (context) => {
  const sandbox = createSandbox();
  onTestFinished(() => sandbox[Symbol.asyncDispose]());
  const reason = noSanitizers(sandbox);
  context.skip(reason !== undefined, reason);
  const program = sandbox.path('fuzz');
  const parts = [
    'environment.c',
    'escapes.c',
    'frames.c',
    'input.c',
    'lines.c',
    'modes.c',
    'place.c',
    'signals.c',
    'streams.c',
    'terminal.c',
    'words.c',
  ].map((name) => join(SOURCE, name));
  const built = compile(program, [FUZZ, ...parts], { sanitize: true });
  expect(built).toEqual({ ok: true });
  // Another seed each time: a failure can be repeated with the printed seed.
  const seed = String(Date.now() % 1_000_000);
  const run = spawnSync(program, [seed, String(SECONDS)], { encoding: 'utf8' });
  expect(run, `seed ${seed}`).toMatchObject({ status: 0, stderr: '' });
  expect(run.stdout).toMatch(/^\d+ streams\n$/);
});
