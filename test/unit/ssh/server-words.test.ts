import { expect, test } from 'vitest';
import type { SshOptions } from '../../../src/config/ssh-options.ts';
import { serverWords } from '../../../src/ssh/server-words.ts';

/** What a person sees of these words of a server. */
function shown(words: readonly string[], showsServerWords = true): string[] {
  const notes: string[] = [];
  const say = serverWords({ showsServerWords } as SshOptions, (text) => notes.push(text));
  for (const text of words) say(text);
  return notes;
}

test('words are shown line by line, and harmless', () => {
  expect(shown(['one\r\ntwo\n', '', '\u001b[31mred'])).toEqual(['one', 'two', '\\033[31mred']);
});

test('words are not shown below LogLevel INFO', () => {
  expect(shown(['one'], false)).toEqual([]);
});

test('a server that goes on and on is not listened to any more', () => {
  const notes = shown(Array.from({ length: 100 }, () => 'x'.repeat(10_000)));
  expect(notes.join('').length).toBe(65_536);
});
