import { expect, test } from 'vitest';
import { orderCiphers } from '../../../../src/ssh/ssh2/algorithms.ts';

const OF_9 =
  'chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,' +
  'aes128-gcm@openssh.com,aes256-gcm@openssh.com';
const OF_10 =
  'chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,' +
  'aes128-ctr,aes192-ctr,aes256-ctr';

test.each([OF_9, OF_10])(
  'without Ciphers in the configuration the fastest cipher is first: %s',
  (list) => {
    const ordered = orderCiphers(list.split(','));
    expect(ordered[0]).toBe('aes128-gcm@openssh.com');
    expect(ordered.toSorted()).toEqual(list.split(',').toSorted());
  },
);

test("the user's own order of ciphers is kept", () => {
  const own = ['aes256-ctr', 'aes128-gcm@openssh.com'];
  expect(orderCiphers(own)).toEqual(own);
});
