import { expect, test } from 'vitest';
import { Questions } from '../../../src/agent/questions.ts';
import type { Message } from '../../../src/wire/protocol.ts';

const make = (): { questions: Questions; sent: Message[] } => {
  const sent: Message[] = [];
  return { sent, questions: new Questions((message) => sent.push(message)) };
};
const ask = { text: 'Sure?', echo: true };

test('answers find their questions by number', async () => {
  const { questions, sent } = make();
  const [first, second] = [questions.ask(ask), questions.ask({ ...ask, echo: false })];
  expect(sent).toEqual([
    { type: 'ask', id: 1, text: 'Sure?', echo: true },
    { type: 'ask', id: 2, text: 'Sure?', echo: false },
  ]);
  questions.answer({ type: 'answer', id: 2, given: true, text: Buffer.from('b') });
  questions.answer({ type: 'answer', id: 1, given: true, text: Buffer.from('a') });
  expect([await first, await second]).toEqual([Buffer.from('a'), Buffer.from('b')]);
});

test('without a user to ask there is no answer', async () => {
  const { questions } = make();
  const answer = questions.ask(ask);
  questions.answer({ type: 'answer', id: 1, given: false, text: Buffer.alloc(0) });
  expect(await answer).toBeUndefined();
});

test('without a user to ask the answer is empty if the question allows that', async () => {
  const { questions } = make();
  const answer = questions.ask({ ...ask, isEmptyByDefault: true });
  questions.answer({ type: 'answer', id: 1, given: false, text: Buffer.alloc(0) });
  expect(await answer).toEqual(Buffer.alloc(0));
});

test('a caller that has disconnected gives no empty answer', async () => {
  const { questions } = make();
  const answer = questions.ask({ ...ask, isEmptyByDefault: true });
  questions.close();
  expect(await answer).toBeUndefined();
});

test('an answer is erased from the received message', async () => {
  const { questions } = make();
  const answer = questions.ask(ask);
  const text = Buffer.from('secret');
  questions.answer({ type: 'answer', id: 1, given: true, text });
  expect(await answer).toEqual(Buffer.from('secret'));
  expect(text).toEqual(Buffer.alloc(6));
});

test('an answer without a question is ignored', () => {
  const { questions } = make();
  expect(() =>
    questions.answer({ type: 'answer', id: 9, given: true, text: Buffer.alloc(0) }),
  ).not.toThrow();
});

test('open and later questions stay unanswered after the caller has disconnected', async () => {
  const { questions, sent } = make();
  const open = questions.ask(ask);
  questions.close();
  expect([await open, await questions.ask(ask)]).toEqual([undefined, undefined]);
  expect(sent).toHaveLength(1);
});
