import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { StandardInput, OutputDescriptor } from '../../../../src/client/exec/streams.ts';
import { settle } from '../../../support/fake-link.ts';

const directory = mkdtempSync(join(tmpdir(), 'sshpool-streams-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('an output', () => {
  it('writes in order and acknowledges each byte once', async () => {
    const path = join(directory, 'out');
    const fd = openSync(path, 'w');
    let taken = 0;
    const output = new OutputDescriptor(
      fd,
      (bytes) => (taken += bytes),
      () => expect.unreachable(),
    );
    for (const text of ['a', 'bc', '', 'def']) output.write(Buffer.from(text));
    await output.flushed();
    closeSync(fd);
    expect([readFileSync(path, 'utf8'), taken]).toEqual(['abcdef', 6]);
  });

  it('without a reader reports that once, and drops the rest', async () => {
    const fd = openSync('/dev/full', 'w');
    let [taken, closed] = [0, 0];
    const output = new OutputDescriptor(
      fd,
      (bytes) => (taken += bytes),
      () => (closed += 1),
    );
    output.write(Buffer.from('abc'));
    await output.flushed();
    output.write(Buffer.from('de'));
    await output.flushed();
    closeSync(fd);
    expect([taken, closed]).toEqual([5, 1]);
  });
});

const make = (): { input: StandardInput; from: PassThrough; got: string[] } => {
  const [from, got] = [new PassThrough(), [] as string[]];
  const input = new StandardInput(
    () => from,
    (data) => got.push(data.toString()),
    () => got.push('end'),
  );
  return { input, from, got };
};

describe('an input', () => {
  it('is not read before the agent grants bytes', async () => {
    const { from, got } = make();
    from.write('abc');
    await settle();
    expect([got, from.readableFlowing]).toEqual([[], null]);
  });

  it('is read as far as it was granted', async () => {
    const { input, from, got } = make();
    from.write('abcdef');
    input.grant(4);
    await settle();
    expect(got).toEqual(['abcd']);
    input.grant(1);
    await settle();
    expect(got).toEqual(['abcd', 'e']);
  });

  it('ends once, after its last byte', async () => {
    const { input, from, got } = make();
    from.end('ab');
    input.grant(10);
    await settle();
    expect(got).toEqual(['ab', 'end']);
  });

  it('that cannot be read counts as end of file', async () => {
    const { input, from, got } = make();
    input.grant(1);
    from.destroy(new Error('EISDIR'));
    await settle();
    expect(got).toEqual(['end']);
  });

  it('that is closed reports nothing more', async () => {
    const { input, from, got } = make();
    input.grant(10);
    input.close();
    await settle();
    expect([got, from.destroyed]).toEqual([[], true]);
  });
});
