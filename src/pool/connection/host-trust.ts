/** The last judgement of a connection's server. Callers with other known hosts judge it again. */
import type { Link } from '../../ssh/link/link.ts';

export interface Trust {
  /** Changes when anything changes that decides about trust. */
  readonly stamp: string;
  /** What is known of the server now. If this changes, but not to TRUSTED, the connection drains. */
  judge(link: Pick<Link, 'hostKey' | 'via'> | undefined): string;
}

/** The text for a server whose host key is known. */
export const TRUSTED = 'trusted';

export class HostTrust {
  #stamp: string;
  #judgement: string;

  constructor(trust: Trust, link: Link) {
    this.#stamp = trust.stamp;
    this.#judgement = trust.judge(link);
  }

  /** Whether this caller trusts the server, or judges it as the caller before did. */
  stands(trust: Trust, link: Link): boolean {
    if (trust.stamp === this.#stamp) return true;
    this.#stamp = trust.stamp;
    const judgement = trust.judge(link);
    const stands = judgement === TRUSTED || judgement === this.#judgement;
    this.#judgement = judgement;
    return stands;
  }
}
