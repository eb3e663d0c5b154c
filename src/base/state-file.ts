/** The files of a user's state (XDG base directory specification). */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { replaceFile } from './replace-file.ts';

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

/** Rejects with the system's error. */
export async function writeState(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  await replaceFile(path, (made) => writeFile(made, text, { mode: 0o600, flag: 'wx' }));
}
