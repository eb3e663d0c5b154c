/** What the server of one connection was judged by, as callers with other known hosts come. */
import type { Link } from '../ssh/link/link.ts';
import { TRUSTED, type Trust } from './request.ts';

export class Judged {
  #stamp: string;
  #judgement: string;

  constructor(trust: Trust, link: Link) {
    this.#stamp = trust.stamp;
    this.#judgement = trust.judge(link);
  }

  /** Whether the server is trusted, or judged as it was, by what this caller goes by. */
  stands(trust: Trust, link: Link): boolean {
    if (trust.stamp === this.#stamp) return true;
    this.#stamp = trust.stamp;
    const judgement = trust.judge(link);
    const stands = judgement === TRUSTED || judgement === this.#judgement;
    this.#judgement = judgement;
    return stands;
  }
}
