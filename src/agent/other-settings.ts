/** Tells a caller once that its settings differ from those of the agent's start, and so have no effect. */
import { createHash } from 'node:crypto';
import { SshpoolError } from '../base/errors.ts';
import { TtlCache } from '../base/ttl-cache.ts';
import type { Clock } from '../base/time.ts';
import { VARIABLES, type Settings } from '../config/settings/settings.ts';
import type { Env } from '../config/ssh-config/tokens.ts';

const TOLD = { lifeMs: Infinity, max: 256 };

const sayNothing = (): void => undefined;

export class OtherSettings {
  readonly #own: () => Settings;
  /** Keyed by a digest of the caller's settings. */
  readonly #told: TtlCache<true>;

  /** `own`: those of the agent now. */
  constructor(clock: Clock, own: () => Settings) {
    this.#own = own;
    this.#told = new TtlCache(clock, TOLD);
  }

  /** Resolves to what prints a new hint; to be called when no other program will repeat the call. */
  async hint(env: Env): Promise<(say: (text: string) => void) => void> {
    const set = VARIABLES.filter(({ name }) => env[name]).map(({ name }) => `${name}=${env[name]}`);
    if (set.length === 0) return sayNothing;
    const key = createHash('sha256').update(set.join('\n')).digest('base64');
    const words = this.#told.get(key) ? undefined : await this.#words(env);
    return (say) => {
      this.#told.set(key, true);
      if (words !== undefined) say(`sshpool: ${words}`);
    };
  }

  async #words(env: Env): Promise<string | undefined> {
    try {
      // Loaded only here: zod loads slowly.
      const { parseSettings } = await import('../config/settings/settings-schema.ts');
      return this.#describe(parseSettings(env), env);
    } catch (thrown) {
      const { code, message } = SshpoolError.from(thrown);
      // Ignores any other error: a hint must not make a call fail.
      return code === 'BAD_SETTING' ? message : undefined;
    }
  }

  #describe(theirs: Settings, env: Env): string | undefined {
    const own = this.#own();
    const other = VARIABLES.filter(({ name, field }) => env[name] && theirs[field] !== own[field]);
    if (other.length === 0) return undefined;
    const has = other.map(({ name, field }) => `${name} is ${own[field]}`).join(', ');
    return `the running agent has other settings: ${has}; yours count when the next one starts: sshpool agent stop`;
  }
}
