import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer } from '../../../../src/base/bytes.ts';
import {
  infoResponse,
  interactiveRequest,
  keyQuery,
  keyRequest,
  noneRequest,
  passwordRequest,
  readAuthReply,
  readInfoRequest,
  signedPart,
} from '../../../../src/ssh/login/userauth-messages.ts';
import { bytes, verdictOf } from '../../../support/arbitrary.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });

test('random bytes are an answer or a PROTOCOL error', () => {
  fc.assert(
    fc.property(bytes(60), (payload) => {
      expect(verdictOf(() => readAuthReply(payload))).toMatch(/^(ok|PROTOCOL)$/);
      expect(verdictOf(() => readInfoRequest(payload))).toMatch(/^(ok|PROTOCOL)$/);
    }),
  );
});

test('the prompts of a server are decoded unchanged', () => {
  const prompts = fc.array(fc.record({ text, echo: fc.boolean() }), { maxLength: 5 });
  fc.assert(
    fc.property(text, text, prompts, (name, instruction, asked) => {
      const to = new Writer().string(name).string(instruction).string('').u32(asked.length);
      for (const prompt of asked) to.string(prompt.text).bool(prompt.echo);
      expect(readInfoRequest(to.finish())).toEqual({ name, instruction, prompts: asked });
    }),
  );
});

test('a server with too many prompts is refused', () => {
  const body = new Writer().string('').string('').string('').u32(0xffff_ffff).finish();
  expect(verdictOf(() => readInfoRequest(body))).toBe('PROTOCOL');
});

/** The strings and numbers of a request, after its message number. */
function partsOf(payload: Buffer, shape: string): (string | number | boolean)[] {
  const from = new Reader(payload.subarray(1));
  const parts = shape.split('').map((kind) => {
    if (kind === 's') return from.string().toString();
    return kind === 'b' ? from.bool() : from.u32();
  });
  expect(from.done).toBe(true);
  return parts;
}

const SERVICE = 'ssh-connection';

test('requests have the layout of RFC 4252 and RFC 4256', () => {
  expect(partsOf(noneRequest('me'), 'sss')).toEqual(['me', SERVICE, 'none']);
  expect(partsOf(passwordRequest('me', Buffer.from('pw')), 'sssbs')).toEqual([
    ...['me', SERVICE, 'password'],
    ...[false, 'pw'],
  ]);
  expect(partsOf(passwordRequest('me', Buffer.from('old'), Buffer.from('new')), 'sssbss')).toEqual([
    ...['me', SERVICE, 'password'],
    ...[true, 'old', 'new'],
  ]);
  const interactive = ['me', SERVICE, 'keyboard-interactive', '', ''];
  expect(partsOf(interactiveRequest('me'), 'sssss')).toEqual(interactive);
  expect(partsOf(infoResponse([Buffer.from('a'), Buffer.from('b')]), 'uss')).toEqual([2, 'a', 'b']);
});

test.each([6, 6000])('a password of %i bytes is left only in the request', (size) => {
  const [old, changed] = [Buffer.alloc(size, 'o'), Buffer.alloc(size, 'n')];
  const parts = partsOf(passwordRequest('me', old, changed), 'sssbss');
  expect(parts.slice(-2)).toEqual(['o'.repeat(size), 'n'.repeat(size)]);
  const answer = Buffer.alloc(size, 'a');
  expect(partsOf(infoResponse([answer]), 'us')).toEqual([1, 'a'.repeat(size)]);
  for (const secret of [old, changed, answer]) expect(secret).toEqual(Buffer.alloc(size));
});

test('a signed request is the signed part and the signature', () => {
  const blob = Buffer.from('blob');
  const key = ['me', SERVICE, 'publickey'];
  expect(partsOf(keyQuery('me', 'alg', blob), 'sssbss')).toEqual([...key, false, 'alg', 'blob']);
  const signed = keyRequest(signedPart('me', 'alg', blob), Buffer.from('signature'));
  expect(partsOf(signed, 'sssbsss')).toEqual([...key, true, 'alg', 'blob', 'signature']);
});
