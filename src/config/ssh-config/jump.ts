/** Splits ProxyJump as readconf.c does (parse_jump): the pool reaches only the last hop itself. */
import { SshpoolError } from '../../base/errors.ts';

export interface Jump {
  /** The hops before the last one, separated by commas; '' if there is only one. */
  readonly before: string;
  readonly user: string | undefined;
  /** The last hop, the one nearest to the target: its host alone, an address without []. */
  readonly host: string;
  readonly port: string | undefined;
}

/** @throws SshpoolError SSH_CONFIG unless it is `[user@]host[:port]` or its `ssh://` form */
export function parseJump(text: string): Jump {
  const hops = text.split(',');
  const last = hops.pop() ?? '';
  const parts = /^(?:ssh:\/\/)?(?:(.+)@)?(\[[^\]]+\]|[^@:[\]/]+)(?::(\d+))?\/?$/s.exec(last);
  const [, user, name, port] = parts ?? [];
  if (name === undefined) {
    const problem = `proxyjump: ${JSON.stringify(last)} is not of the form [USER@]HOST[:PORT]`;
    throw SshpoolError.of('SSH_CONFIG', { problem });
  }
  const host = name.startsWith('[') ? name.slice(1, -1) : name;
  return { before: hops.join(','), user, host, port };
}
