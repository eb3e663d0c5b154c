import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { frame, FrameReader } from '../../../src/base/frames.ts';
import { verdictOf } from '../../support/arbitrary.ts';

const MAX_FRAME = 1024 * 1024;
const framed = (body: Buffer): Buffer => Buffer.concat(frame([body]));

/** Cuts a stream at the given places, and joins some of the pieces. */
function chunks(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b);
  return [...places, stream.length].map((end, i) => stream.subarray(places[i - 1] ?? 0, end));
}

const bodies = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 50 }).map((body) => Buffer.from(body)),
  { maxLength: 10 },
);

test('a short frame that arrives in parts is in memory once', () => {
  const reader = new FrameReader(MAX_FRAME);
  const stream = framed(Buffer.from('secret'));
  const parts = [3, 7, stream.length].map((end, i) => stream.subarray([0, 3, 7][i], end));
  expect(parts.flatMap((part) => reader.push(part))).toEqual([Buffer.from('secret')]);
  expect(stream).toEqual(Buffer.alloc(stream.length));
});

test('bodies are whole and in order, however the stream is cut', () => {
  fc.assert(
    fc.property(bodies, fc.array(fc.nat()), (sent, cuts) => {
      const reader = new FrameReader(MAX_FRAME);
      const stream = Buffer.concat(sent.map(framed));
      const received = chunks(stream, cuts).flatMap((chunk) => reader.push(chunk));
      expect(received).toEqual(sent);
    }),
  );
});

test('a chunk may be overwritten after its bodies were read', () => {
  fc.assert(
    fc.property(bodies, fc.array(fc.nat()), (sent, cuts) => {
      const reader = new FrameReader(MAX_FRAME);
      const received = chunks(Buffer.concat(sent.map(framed)), cuts).flatMap((chunk) => {
        const seen = reader.push(chunk).map((body) => Buffer.from(body));
        chunk.fill(0xff);
        return seen;
      });
      expect(received).toEqual(sent);
    }),
  );
});

test('a body in parts makes the same frame as a whole one', () => {
  fc.assert(
    fc.property(bodies, (parts) => {
      fc.pre(parts.length > 0);
      expect(Buffer.concat(frame(parts))).toEqual(framed(Buffer.concat(parts)));
    }),
  );
});

test('a body is delivered with its last byte, not later', () => {
  const stream = framed(Buffer.from('body'));
  const reader = new FrameReader(MAX_FRAME);
  const counts = [...stream].map((byte) => reader.push(Buffer.of(byte)).length);
  expect(counts).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
});

test('a frame of the maximum size is accepted', () => {
  const body = Buffer.alloc(MAX_FRAME, 7);
  const [received] = new FrameReader(MAX_FRAME).push(framed(body));
  expect(received?.equals(body)).toBe(true);
});

test.each([0, MAX_FRAME + 1, 0xffff_ffff])('a frame of %i bytes is refused', (bytes) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  expect(() => new FrameReader(MAX_FRAME).push(length)).toThrow(
    `malformed message: a frame of ${bytes} bytes`,
  );
});

test('random bytes give bodies within the limit, or a protocol error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (stream) => {
      const reader = new FrameReader(MAX_FRAME);
      const bodiesOut: number[] = [];
      const verdict = verdictOf(() => {
        for (const chunk of stream) {
          bodiesOut.push(...reader.push(Buffer.from(chunk)).map(({ length }) => length));
        }
      });
      expect(['ok', 'PROTOCOL']).toContain(verdict);
      expect(bodiesOut.every((length) => length > 0 && length <= MAX_FRAME)).toBe(true);
    }),
  );
});
