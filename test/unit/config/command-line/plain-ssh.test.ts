import { expect, it } from 'vitest';
import { CALL_COMMANDS } from '../../../../src/config/command-line/command-line.ts';
import { plainSshWords } from '../../../../src/config/command-line/plain-ssh.ts';

function wordsFor(command: 'exec' | 'shell', ...words: string[]): string[] {
  const args = CALL_COMMANDS[command].parse(words.map((word) => Buffer.from(word)));
  if (args.kind !== 'call') throw new Error(args.kind);
  return plainSshWords(args).map(String);
}

it.each([
  [
    ['box', 'echo', 'a b'],
    ['--', 'box', 'echo a b'],
  ],
  [
    ['-nq', '-p', '22', '-tt', 'me@box', '-F', 'x', '--', '-c'],
    ['-p', '22', '-F', 'x', '-tt', '-n', '-q', '--', 'me@box', '-c'],
  ],
  [
    ['-T', '-vv', '-e', 'none', '--fresh', '--timeout', '3s', 'box', 'x'],
    ['-T', '-v', '-v', '-e', 'none', '--', 'box', 'x'],
  ],
])('exec %j corresponds to ssh %j', (words, expected) => {
  expect(wordsFor('exec', ...words)).toEqual(expected);
});

it('shell requests a terminal', () => {
  expect(wordsFor('shell', '-l', 'me', 'box')).toEqual(['-l', 'me', '-t', '--', 'box']);
});
