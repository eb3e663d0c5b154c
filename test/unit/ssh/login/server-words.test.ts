import { expect, test } from 'vitest';
import type { SshOptions } from '../../../../src/config/ssh-options.ts';
import type { Note } from '../../../../src/ssh/link/prompts.ts';
import { notTwice, serverWords } from '../../../../src/ssh/login/server-words.ts';

/** What a person is told of these words of a server. */
async function shown(
  how: 'banner' | 'explain',
  words: readonly string[],
  { showsServerWords = true, version = 'OpenSSH_9.2p1' } = {},
): Promise<Parameters<Note>[]> {
  const notes: Parameters<Note>[] = [];
  const note: Note = (...said) => void notes.push(said);
  const options = { showsServerWords } as SshOptions;
  const server = serverWords(options, note, () => Promise.resolve(version));
  // One after the other, as they come.
  for (const text of words) await server[how](text);
  return notes;
}

test('a banner is shown as it is, but harmless', async () => {
  expect(await shown('banner', ['one\r\n\u001b[31mtwo', '', 'three\n'])).toEqual([
    ['one\r\n\\033[31mtwo', 'banner'],
    ['three\n', 'banner'],
  ]);
});

test('what comes before a question is an entry of the log up to OpenSSH 10.2', async () => {
  expect(await shown('explain', ['one\ntwo', '', 'three\n'])).toEqual([
    ['one\ntwo\r'],
    ['three\n\r'],
  ]);
});

test('what comes before a question is none from OpenSSH 10.3 on, and gets one more line feed', async () => {
  const now = { version: 'OpenSSH_10.3p1' };
  expect(await shown('explain', ['one', 'two\n'], now)).toEqual([
    ['one\n', 'words'],
    ['two\n\n', 'words'],
  ]);
});

test('words are not shown below LogLevel INFO', async () => {
  expect(await shown('banner', ['one'], { showsServerWords: false })).toEqual([]);
  expect(await shown('explain', ['one'], { showsServerWords: false })).toEqual([]);
});

test('what comes before a question is shown at any level from OpenSSH 10.3 on', async () => {
  const silent = { showsServerWords: false, version: 'OpenSSH_10.3p1' };
  expect(await shown('explain', ['one'], silent)).toEqual([['one\n', 'words']]);
});

test('a server that goes on and on is not listened to any more', async () => {
  const endless = Array.from({ length: 100 }, () => 'x'.repeat(10_000));
  const notes = await shown('banner', endless);
  expect(notes.map(([text]) => text).join('').length).toBe(65_536);
});

test('a second connection does not say the banner of the first one again, and nothing else is lost', () => {
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

test('without a banner a second connection says everything', () => {
  const notes: string[] = [];
  notTwice((text) => notes.push(text)).second('\n', 'banner');
  expect(notes).toEqual(['\n']);
});
