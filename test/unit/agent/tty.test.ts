import { describe, expect, it } from 'vitest';
import { decideTty, isTtyDemanded, type TtyFacts } from '../../../src/agent/tty.ts';

const facts: TtyFacts = {
  wish: 'default',
  configured: 'auto',
  hasCommand: true,
  stdinIsTerminal: true,
};

describe('a session', () => {
  it.each<[string, Partial<TtyFacts>, string]>([
    ['has no terminal for a command', {}, 'none'],
    ['has one for a shell', { hasCommand: false }, 'given'],
    ['has none for a shell with -T', { hasCommand: false, wish: 'never' }, 'none'],
    ['has one for a command with -t', { wish: 'request' }, 'given'],
    [
      'has none with -t if stdin is no terminal',
      { wish: 'request', stdinIsTerminal: false },
      'withheld',
    ],
    [
      'has none for a shell if stdin is no terminal',
      { hasCommand: false, stdinIsTerminal: false },
      'withheld',
    ],
    [
      'has one with -tt even if stdin is no terminal',
      { wish: 'force', stdinIsTerminal: false },
      'given',
    ],
    ['has one by RequestTTY yes', { configured: 'yes' }, 'given'],
    ['has one by RequestTTY force', { configured: 'force', stdinIsTerminal: false }, 'given'],
    ['has none by RequestTTY no', { configured: 'no', hasCommand: false }, 'none'],
    [
      'has one by -t, which overrides RequestTTY no',
      { configured: 'no', wish: 'request' },
      'given',
    ],
    [
      'has none by -T, which overrides RequestTTY force',
      { configured: 'force', wish: 'never' },
      'none',
    ],
  ])('%s', (_name, some, decision) => {
    expect(decideTty({ ...facts, ...some })).toBe(decision);
  });
});

describe('a terminal', () => {
  it.each<[string, Pick<TtyFacts, 'wish' | 'configured'>, boolean]>([
    ['is demanded with -t', { wish: 'request', configured: 'auto' }, true],
    ['is demanded with -tt', { wish: 'force', configured: 'no' }, true],
    ['is demanded by RequestTTY yes', { wish: 'default', configured: 'yes' }, true],
    ['is demanded by RequestTTY force', { wish: 'default', configured: 'force' }, true],
    ['is optional for a shell', { wish: 'default', configured: 'auto' }, false],
    ['is only given where nothing is printed', { wish: 'default', configured: undefined }, false],
    ['is not demanded with -T', { wish: 'never', configured: 'force' }, false],
  ])('%s', (_name, asked, expected) => {
    expect(isTtyDemanded(asked)).toBe(expected);
  });
});
