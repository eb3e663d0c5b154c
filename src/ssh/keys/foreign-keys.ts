/**
 * ssh2's reader of private keys, which decrypts them. One file of it, whose name is not public: see
 * ssh2/internals for the rest.
 */
import { createRequire } from 'node:module';
import type ssh2 from 'ssh2';
import { loadBcrypt } from './bcrypt.ts';

const require = createRequire(import.meta.url);

loadBcrypt(import.meta.url);
export const { parseKey } = require('ssh2/lib/protocol/keyParser.js') as Pick<
  typeof ssh2.utils,
  'parseKey'
>;
