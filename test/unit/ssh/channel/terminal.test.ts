import { expect, test } from 'vitest';
import { ptyRequest, windowChange } from '../../../../src/ssh/channel/terminal.ts';

const size = { columns: 80, rows: 24, width: 640, height: 480 };
const SIZE = '000000500000001800000280000001e0';

test('a terminal is requested with its type, size and modes (RFC 4254 section 6.2)', () => {
  const request = ptyRequest({
    ...size,
    term: 'vt',
    modes: Buffer.from('350000000100', 'hex'),
  });
  expect(request.toString('hex')).toBe(`000000027674${SIZE}00000006350000000100`);
});

test('unknown modes are an empty list', () => {
  const request = ptyRequest({ ...size, term: '', modes: Buffer.alloc(0) });
  expect(request.toString('hex')).toBe(`00000000${SIZE}0000000100`);
});

test('a new size is sent as four numbers (RFC 4254 section 6.7)', () => {
  expect(windowChange(size).toString('hex')).toBe(SIZE);
});
