import { expect, test } from 'vitest';
import type { SshOptions } from '../../../../src/config/ssh-config/options.ts';
import type { Note } from '../../../../src/ssh/link/prompts.ts';
import { notTwice, serverWords } from '../../../../src/ssh/login/server-words.ts';

/** The notes that a user gets for these messages of a server. */
async function shown(
  how: 'banner' | 'explain',
  words: readonly string[],
  { showsServerWords = true, version = 'OpenSSH_9.2p1' } = {},
): Promise<Parameters<Note>[]> {
  const notes: Parameters<Note>[] = [];
  const note: Note = (...said) => void notes.push(said);
  const options = { showsServerWords } as SshOptions;
  const server = serverWords(options, note, () => Promise.resolve(version));
  // One after the other, as they arrive.
  for (const text of words) await server[how](text);
  return notes;
}

test('a banner is shown unchanged, but with control characters escaped', async () => {
  expect(await shown('banner', ['one\r\n\u001b[31mtwo', '', 'three\n'])).toEqual([
    ['one\r\n\\033[31mtwo', 'banner'],
    ['three\n', 'banner'],
  ]);
});

test('text before a prompt is a log entry up to OpenSSH 10.2', async () => {
  expect(await shown('explain', ['one\ntwo', '', 'three\n'])).toEqual([
    ['one\ntwo\r'],
    ['three\n\r'],
  ]);
});

test('text before a prompt is no log entry from OpenSSH 10.3 on, and gets one more line feed', async () => {
  const now = { version: 'OpenSSH_10.3p1' };
  expect(await shown('explain', ['one', 'two\n'], now)).toEqual([
    ['one\n', 'words'],
    ['two\n\n', 'words'],
  ]);
});

test('text of the server is not shown below LogLevel INFO', async () => {
  expect(await shown('banner', ['one'], { showsServerWords: false })).toEqual([]);
  expect(await shown('explain', ['one'], { showsServerWords: false })).toEqual([]);
});

test('text before a prompt is shown at any level from OpenSSH 10.3 on', async () => {
  const silent = { showsServerWords: false, version: 'OpenSSH_10.3p1' };
  expect(await shown('explain', ['one'], silent)).toEqual([['one\n', 'words']]);
});

test('text of the server is shown only up to a limit', async () => {
  const endless = Array.from({ length: 100 }, () => 'x'.repeat(10_000));
  const notes = await shown('banner', endless);
  expect(notes.map(([text]) => text).join('').length).toBe(65_536);
});

test('a second connection does not show the banner of the first one again, but all other text', () => {
  const notes: Parameters<Note>[] = [];
  const { first, second } = notTwice((...said) => notes.push(said));
  first('Beware\n\nof the dog', 'banner');
  second('Beware\n\n', 'banner');
  second('of the dog\r');
  second('Two things are needed\n', 'banner');
  expect(notes).toEqual([
    ['Beware\n\nof the dog', 'banner'],
    ['Two things are needed\n', 'banner'],
  ]);
});

test('without a first banner a second connection shows all text', () => {
  const notes: string[] = [];
  notTwice((text) => notes.push(text)).second('\n', 'banner');
  expect(notes).toEqual(['\n']);
});
