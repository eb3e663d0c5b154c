/** ssh2's parser of private keys, which also decrypts them; no public API (see ssh2/protocol.ts). */
import { createRequire } from 'node:module';
import type ssh2 from 'ssh2';
import { loadBcrypt } from './bcrypt.ts';

const require = createRequire(import.meta.url);

loadBcrypt(import.meta.url);
export const { parseKey } = require('ssh2/lib/protocol/keyParser.js') as Pick<
  typeof ssh2.utils,
  'parseKey'
>;
