/** A failure at a jump host, as it is reported for the target. */
import { SshpoolError } from '../../base/errors.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';

export type LogOptions = Pick<SshOptions, 'connectTimeoutMs' | 'showsServerWords' | 'isSilent'>;

/** Where ssh prints the address of its peer (packet.c, ssh_remote_ipaddr): a proxy has none. */
export const PROXY_PEER = 'UNKNOWN port 65535';

/** The jump host's ssh prints why (`cause`), the target's sees its proxy end. */
export class HopError extends SshpoolError {
  declare readonly cause: SshpoolError;
  /** Of the jump host. Private: programs print errors, and other options may hold a password. */
  readonly #options: LogOptions;

  constructor(cause: SshpoolError, options: LogOptions) {
    const { code, message, exitCode, data } = cause;
    super({ code, message, exitCode, data, cause });
    const { connectTimeoutMs, showsServerWords, isSilent } = options;
    this.#options = { connectTimeoutMs, showsServerWords, isSilent };
  }

  get options(): LogOptions {
    return this.#options;
  }
}
