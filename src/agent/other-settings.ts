/**
 * Settings count when an agent starts. Who has set others than the agent that runs is told so, once: a
 * variable that does nothing, and says nothing, is looked into for an hour.
 */
import { SshpoolError } from '../base/errors.ts';
import { VARIABLES, type Settings } from '../config/settings.ts';
import type { Env } from '../config/tokens.ts';

/** So many different settings are told of; more would be an attempt to fill our memory. */
const MAX_TOLD = 256;

export class OtherSettings {
  readonly #own: Settings;
  /** By what was set. */
  readonly #told = new Set<string>();

  /** `own`: those that the agent was started with. */
  constructor(own: Settings) {
    this.#own = own;
  }

  /** What to tell a caller with this environment; undefined where nothing, or nothing more, is to be said. */
  async words(env: Env): Promise<string | undefined> {
    const set = VARIABLES.filter(({ name }) => env[name]).map(({ name }) => `${name}=${env[name]}`);
    const key = set.join('\n');
    if (set.length === 0 || this.#told.has(key) || this.#told.size >= MAX_TOLD) return undefined;
    this.#told.add(key);
    // Loaded only here, as by whoever starts an agent.
    const { parseSettings } = await import('../config/settings-schema.ts');
    try {
      return this.#describe(parseSettings(env), env);
    } catch (thrown) {
      return `sshpool: ${SshpoolError.from(thrown).message}`;
    }
  }

  #describe(theirs: Settings, env: Env): string | undefined {
    const other = VARIABLES.filter(
      ({ name, field }) => env[name] && theirs[field] !== this.#own[field],
    );
    if (other.length === 0) return undefined;
    const has = other.map(({ name, field }) => `${name} is ${this.#own[field]}`).join(', ');
    return `sshpool: the running agent has other settings: ${has}; yours count when the next one starts: sshpool agent stop`;
  }
}
