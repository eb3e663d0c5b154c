/** Selects the environment variables of a session (SendEnv and SetEnv); does not send them. */
import type { Env } from './tokens.ts';
import { patternRegex } from './wildcard.ts';

/** sshd accepts no more variables for one session (session.c). */
const MAX_VARIABLES = 128;

export function sendEnvNames(patterns: readonly string[], names: readonly string[]): string[] {
  if (patterns.length === 0) return [];
  const matchers = patterns.map(patternRegex);
  return names.filter((name) => matchers.some((matcher) => matcher.test(name)));
}

export interface EnvOptions {
  readonly sendEnv: readonly string[];
  readonly setEnv: readonly (readonly [name: string, value: string])[];
}

/** SetEnv takes precedence over SendEnv; of two SetEnv for one name the first counts. */
export function selectEnv(options: EnvOptions, env: Env): [name: string, value: string][] {
  const set = new Map<string, string>();
  for (const [name, value] of options.setEnv) if (!set.has(name)) set.set(name, value);
  const names = sendEnvNames(options.sendEnv, Object.keys(env));
  const sent = names.flatMap((name): [string, string][] => {
    const value = env[name];
    return value === undefined || set.has(name) ? [] : [[name, value]];
  });
  const room = Math.max(0, MAX_VARIABLES - set.size);
  return [...sent.slice(0, room), ...[...set].slice(0, MAX_VARIABLES)];
}
