import { expect, test } from 'vitest';
import { answererOf } from '../../../../src/client/terminal/answer.ts';

const DISPLAY = { DISPLAY: ':0' };

test.each([
  ['at a terminal, the person', {}, true, 'terminal'],
  ['at a terminal with a display, the person', DISPLAY, true, 'terminal'],
  ['without a terminal, no one', {}, false, 'none'],
  ['without a terminal but with a display, the program', DISPLAY, false, 'program'],
  ['with Wayland as with X', { WAYLAND_DISPLAY: 'w' }, false, 'program'],
  ['force: the program', { SSH_ASKPASS_REQUIRE: 'force' }, true, 'program'],
  ['FORCE, too', { SSH_ASKPASS_REQUIRE: 'FORCE' }, false, 'program'],
  ['prefer without a display', { SSH_ASKPASS_REQUIRE: 'prefer' }, true, 'terminal'],
  ['prefer with one', { ...DISPLAY, SSH_ASKPASS_REQUIRE: 'prefer' }, true, 'program'],
  ['never, at a terminal', { ...DISPLAY, SSH_ASKPASS_REQUIRE: 'never' }, true, 'terminal'],
  ['never, without one', { ...DISPLAY, SSH_ASKPASS_REQUIRE: 'never' }, false, 'none'],
  ['an empty display is none', { DISPLAY: '' }, false, 'none'],
] as const)('%s answers', (_, env, hasTerminal, answerer) => {
  expect(answererOf(env, hasTerminal)).toBe(answerer);
});
