import { expect, test } from 'vitest';
import { signalExitCode } from '../../../src/base/signals.ts';

test.each([
  ['HUP', 129],
  ['INT', 130],
  ['KILL', 137],
  ['TERM', 143],
])('SIG%s gives %i', (name, code) => {
  expect(signalExitCode(name)).toBe(code);
});
