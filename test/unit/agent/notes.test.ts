import { expect, test } from 'vitest';
import { FakeClock } from '../../support/clock.ts';
import { Notes, noteText } from '../../../src/agent/notes.ts';
import type { Note } from '../../../src/ssh/link/prompts.ts';

function notes(hold: boolean): readonly [Notes, string[], FakeClock] {
  const printed: string[] = [];
  const clock = new FakeClock();
  return [new Notes((text) => printed.push(text), hold, clock), printed, clock];
}

test('a note is printed at once', () => {
  const [said, printed] = notes(false);
  said.say('a');
  expect(printed).toEqual(['a']);
});

test('held notes are printed when they are released, and later notes at once', () => {
  const [said, printed] = notes(true);
  said.say('a');
  expect(printed).toEqual([]);
  said.release();
  said.say('b');
  expect(printed).toEqual(['a', 'b']);
});

test('held notes keep their kind and their order', () => {
  const printed: Parameters<Note>[] = [];
  const said = new Notes((...one) => printed.push(one), true, new FakeClock());
  said.say('of ours');
  said.say('of a server', 'banner');
  said.release();
  expect(printed).toEqual([['of ours'], ['of a server', 'banner']]);
});

test('held notes are printed after a second, because the user may have to act on them', () => {
  const [said, printed, clock] = notes(true);
  said.say('open this link');
  clock.advance(1000);
  expect(printed).toEqual(['open this link']);
});

test('held notes are dropped when another program makes the call again', () => {
  const [said, printed] = notes(true);
  said.say('a');
  said.drop();
  said.release();
  expect(printed).toEqual([]);
});

test('control characters in a note are shown escaped', () => {
  expect(noteText('a\u001b[2J\rb\u009bc')).toBe('a\\033[2J\\015b\\233c');
});

test('the carriage return at the end of a line of ssh is kept', () => {
  expect(noteText('Connection to box closed.\r')).toBe('Connection to box closed.\r');
});
