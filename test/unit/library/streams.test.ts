import { keep, lend } from '../../../src/base/borrowed.ts';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandInput, CommandOutput } from '../../../src/library/streams.ts';

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 30 });

describe('the output of a command', () => {
  it('is the received data, and all of it is consumed after it was read', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, async (given) => {
        let consumed = 0;
        const output = new CommandOutput((bytes) => (consumed += bytes));
        const read: Buffer[] = [];
        output.on('data', (data: Buffer) => read.push(data));
        for (const chunk of given) {
          const data = Buffer.from(chunk);
          output.deliver(lend(data));
          // Now the sender may overwrite this memory.
          data.fill(0);
        }
        output.finish();
        await once(output, 'close');
        expect(Buffer.concat(read)).toEqual(Buffer.concat(given));
        expect(consumed).toBe(read.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });

  it('is not consumed while it is not read', () => {
    let consumed = 0;
    const output = new CommandOutput((bytes) => (consumed += bytes));
    // Data up to the stream's high water mark counts as read.
    output.deliver(lend(Buffer.alloc(output.readableHighWaterMark)));
    output.deliver(lend(Buffer.alloc(1000)));
    expect(consumed).toBe(0);
    output.read();
    expect(consumed).toBe(output.readableHighWaterMark + 1000);
  });

  it('is dropped after its reader has gone, which is reported once', async () => {
    const told: string[] = [];
    let consumed = 0;
    const output = new CommandOutput(
      (bytes) => (consumed += bytes),
      () => told.push('left'),
    );
    output.destroy();
    await once(output, 'close');
    output.deliver(lend(Buffer.alloc(500)));
    output.finish();
    expect([told, consumed]).toEqual([['left'], 500]);
  });

  it('of a command whose streams failed is an error, which needs no listener', async () => {
    const output = new CommandOutput(() => undefined);
    const closed = new Promise((resolve) => output.once('close', resolve));
    output.fail(new Error('lost'));
    await closed;
    expect(output.errored?.message).toBe('lost');
  });
});

/** Records what an input sends. */
function recorder(): { input: CommandInput; sent: Buffer[]; ends: () => number } {
  const sent: Buffer[] = [];
  let ends = 0;
  const input = new CommandInput({
    write: (data) => sent.push(keep(data)),
    end: () => (ends += 1),
  });
  return { input, sent, ends: () => ends };
}

describe('the input of a command', () => {
  it('is sent as far as it was granted, whole and in order, and then ends', async () => {
    const grants = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(chunks, grants, async (given, granted) => {
        const { input, sent, ends } = recorder();
        for (const chunk of given) input.write(Buffer.from(chunk));
        input.end();
        let allowed = 0;
        for (const bytes of granted) {
          input.grant(bytes);
          allowed += bytes;
          await new Promise((resolve) => setImmediate(resolve));
          expect(Buffer.concat(sent).length).toBeLessThanOrEqual(allowed);
        }
        const finished = input.writableFinished ? Promise.resolve() : once(input, 'finish');
        input.grant(10_000);
        await finished;
        expect(Buffer.concat(sent)).toEqual(Buffer.concat(given));
        expect(ends()).toBe(1);
      }),
      { numRuns: 50 },
    );
  });

  it('is dropped if the command reads no more, and the writer gets an error', async () => {
    const { input, sent } = recorder();
    input.write('waits');
    input.close();
    await expect(pipeline(['more', 'and more'], input)).rejects.toThrow('Premature close');
    expect(sent).toEqual([]);
  });

  it('ends if it is destroyed', async () => {
    const { input, ends } = recorder();
    input.destroy();
    await once(input, 'close');
    expect(ends()).toBe(1);
  });
});
