/**
 * Settings count when an agent starts. Who has set others than the agent that runs is told so, once: a
 * variable that does nothing, and says nothing, is looked into for an hour.
 */
import { createHash } from 'node:crypto';
import { SshpoolError } from '../base/errors.ts';
import { TtlCache } from '../base/ttl-cache.ts';
import type { Clock } from '../base/time.ts';
import { VARIABLES, type Settings } from '../config/settings.ts';
import type { Env } from '../config/tokens.ts';

/** So many different settings are known to have been told of. */
const TOLD = { lifeMs: Infinity, max: 256 };

const sayNothing = (): void => undefined;

export class OtherSettings {
  readonly #own: Settings;
  /** By a digest of what was set. */
  readonly #told: TtlCache<true>;

  /** `own`: those that the agent was started with. */
  constructor(clock: Clock, own: Settings) {
    this.#own = own;
    this.#told = new TtlCache(clock, TOLD);
  }

  /**
   * Resolves to what says it to a caller with this environment, to be called once nobody makes the call
   * anew. It says nothing where there is nothing, or nothing more, to say.
   */
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
      // Loaded only here, as by whoever starts an agent.
      const { parseSettings } = await import('../config/settings-schema.ts');
      return this.#describe(parseSettings(env), env);
    } catch (thrown) {
      const { code, message } = SshpoolError.from(thrown);
      // Whatever else it is, no call fails for a hint.
      return code === 'BAD_SETTING' ? message : undefined;
    }
  }

  #describe(theirs: Settings, env: Env): string | undefined {
    const other = VARIABLES.filter(
      ({ name, field }) => env[name] && theirs[field] !== this.#own[field],
    );
    if (other.length === 0) return undefined;
    const has = other.map(({ name, field }) => `${name} is ${this.#own[field]}`).join(', ');
    return `the running agent has other settings: ${has}; yours count when the next one starts: sshpool agent stop`;
  }
}
