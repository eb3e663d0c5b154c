import { once } from 'node:events';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Outgoing } from '../../../src/wire/outgoing.ts';
import { connected } from '../../support/sockets.ts';

async function take(socket: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let got = 0; got < bytes;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    chunks.push(chunk);
    got += chunk.length;
  }
  return Buffer.concat(chunks);
}

test('parts of any size arrive whole and in order, even if their memory is overwritten later', async () => {
  const [near, far] = await connected();
  const outgoing = new Outgoing(near);
  const sizes = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(sizes, async (parts) => {
      const memory = Buffer.alloc(200_000);
      const expected: Buffer[] = [];
      for (const [index, bytes] of parts.entries()) {
        const part = memory.fill(index + 1).subarray(0, bytes);
        expected.push(Buffer.from(part));
        outgoing.add(part);
      }
      outgoing.flush();
      const whole = Buffer.concat(expected);
      expect((await take(far, whole.length)).equals(whole)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('a closed socket accepts no data and causes no error', async () => {
  const [near] = await connected();
  const outgoing = new Outgoing(near);
  outgoing.add(Buffer.from('late'));
  near.destroy();
  await once(near, 'close');
  outgoing.flush();
  expect(near.bytesWritten).toBe(0);
});
