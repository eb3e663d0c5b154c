/** Parses the words of a stream to a unix socket of a host: `[options] -- HOST PATH`. */
import { usageError } from '../../base/usage-errors.ts';
import type { ParsedCall } from './call-args.ts';
import { CONNECTION_OPTIONS, flagsOf } from './exec-args.ts';
import { decodeWord, scanOptions } from './options.ts';
import { parseTarget } from './target.ts';

const SET = { command: 'sshpool forward', specs: CONNECTION_OPTIONS };

/** Only sshpool's own programs write these words. @throws SshpoolError USAGE */
export function parseForwardArgs(words: readonly Buffer[]): ParsedCall {
  const { given, next } = scanOptions(words, 0, SET);
  const [host, path, more] = words.slice(next);
  if (host === undefined || path === undefined || more !== undefined) {
    throw usageError('NOT_ONE_PATH', {});
  }
  return {
    kind: 'call',
    target: parseTarget(decodeWord(host)),
    ...flagsOf(given),
    tty: 'never',
    command: Buffer.alloc(0),
    forward: { path: checkPath(decodeWord(path)) },
  };
}

/** @throws SshpoolError USAGE for anything but an absolute path */
export function checkPath(path: string): string {
  // A server written in C would use only the part before the NUL.
  if (path.startsWith('/') && !path.includes('\0')) return path;
  throw usageError('BAD_SOCKET_PATH', { path });
}
