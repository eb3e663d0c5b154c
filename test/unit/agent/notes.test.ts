import { expect, test } from 'vitest';
import { FakeClock } from '../../support/clock.ts';
import { Notes, noteText } from '../../../src/agent/notes.ts';
import type { Note } from '../../../src/ssh/link/prompts.ts';

function notes(hold: boolean): readonly [Notes, string[], FakeClock] {
  const printed: string[] = [];
  const clock = new FakeClock();
  return [new Notes((text) => printed.push(text), hold, clock), printed, clock];
}

test('what is said is printed at once', () => {
  const [said, printed] = notes(false);
  said.say('a');
  expect(printed).toEqual(['a']);
});

test('what is held is printed when it is released, and what comes then at once', () => {
  const [said, printed] = notes(true);
  said.say('a');
  expect(printed).toEqual([]);
  said.release();
  said.say('b');
  expect(printed).toEqual(['a', 'b']);
});

test('what is held keeps its kind and its order', () => {
  const printed: Parameters<Note>[] = [];
  const said = new Notes((...one) => printed.push(one), true, new FakeClock());
  said.say('of ours');
  said.say('of a server', 'banner');
  said.release();
  expect(printed).toEqual([['of ours'], ['of a server', 'banner']]);
});

test('what is held is printed after a second: a person may have to act on it', () => {
  const [said, printed, clock] = notes(true);
  said.say('open this link');
  clock.advance(1000);
  expect(printed).toEqual(['open this link']);
});

test('what is held is dropped for whoever makes the call anew', () => {
  const [said, printed] = notes(true);
  said.say('a');
  said.drop();
  said.release();
  expect(printed).toEqual([]);
});

test('what a terminal would act on in a note is shown', () => {
  expect(noteText('a\u001b[2J\rb\u009bc')).toBe('a\\033[2J\\015b\\233c');
});

test('the end of a line of ssh stays', () => {
  expect(noteText('Connection to box closed.\r')).toBe('Connection to box closed.\r');
});
