/** Where a user's state lies (XDG base directory specification). */
import { isAbsolute, join } from 'node:path';

/** Undefined without a home directory. */
export function statePath(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const { XDG_STATE_HOME: given, HOME: home } = env;
  const ofHome = home && isAbsolute(home) ? join(home, '.local', 'state') : undefined;
  const state = given && isAbsolute(given) ? given : ofHome;
  return state && join(state, 'sshpool', name);
}
