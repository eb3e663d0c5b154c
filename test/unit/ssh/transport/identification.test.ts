import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Identification } from '../../../../src/ssh/transport/identification.ts';

const LINE = 'SSH-2.0-OpenSSH_9.2p1 Debian';

/** The result for these pieces, one after the other. */
function take(pieces: readonly Buffer[]): string | undefined {
  const identification = new Identification();
  let whole: Buffer | undefined;
  const given: Buffer[] = [];
  for (const piece of pieces) {
    if (whole !== undefined) given.push(piece);
    else given.push(...[(whole = identification.take(piece))].filter((part) => part !== undefined));
  }
  return whole && Buffer.concat(given).toString('latin1');
}

const text = (value: string): Buffer => Buffer.from(value, 'latin1');

describe('the identification of a server', () => {
  it.each([
    ['alone', `${LINE}\r\n`, ''],
    ['without a carriage return', `${LINE}\n`, ''],
    ['after other lines', `${LINE}\r\n`, 'Welcome\r\n\r\nSSH\nto the box\r\n'],
    ['with what follows it', `${LINE}\r\n\0\0\u0001\r\n\u00ff`, 'hello\n'],
    ['of many characters', `SSH-2.0-${'x'.repeat(300)}\r\n`, ''],
  ])('is read in pieces of any size: %s', (_, expected, before) => {
    const sent = text(before + expected);
    expect(take([...sent].map((byte) => Buffer.of(byte)))).toBe(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(sent.length), { maxLength: 6 }), (cuts) => {
        const at = [0, ...cuts.toSorted((one, other) => one - other), sent.length];
        expect(take(at.slice(1).map((end, index) => sent.subarray(at[index], end)))).toBe(expected);
      }),
    );
  });

  it.each([
    ['an endless line', 'x'.repeat(9000), 'banner line too long'],
    ['endless lines', 'hello\r\n'.repeat(1024), 'No SSH version received in first 1024 lines'],
    ['an old version', 'SSH-1.5-x\n', 'Protocol major versions differ: 2 vs. 1'],
    ['no version', 'SSH-foo\n', "Bad remote protocol version identification: 'SSH-foo'"],
    ['a NUL', 'SSH-2.0\0\n', 'banner line contains invalid characters'],
    ['a carriage return within', 'SSH-2.0-a\rb\n', 'banner line contains invalid characters'],
  ])('is rejected for %s', (_, sent, words) => {
    expect(() => take([text(sent)])).toThrow(words);
    expect(() => take([...text(sent)].map((byte) => Buffer.of(byte)))).toThrow(words);
  });

  it('may follow as many lines as ssh accepts', () => {
    expect(take([text('hello\r\n'.repeat(1023) + `${LINE}\r\n`)])).toBe(`${LINE}\r\n`);
  });

  it('reports other data that arrived instead', () => {
    const identification = new Identification();
    identification.take(text('\r\nHTTP/1.1 400 Bad Request\r\nServer: x\r\n'));
    expect(identification.said).toBe('HTTP/1.1 400 Bad Request');
  });
});
