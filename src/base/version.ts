/** The version of the program, from the one place where it stands. */
import { readFileSync } from 'node:fs';

export function programVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}
