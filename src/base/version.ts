/** The version of the program, from the one place where it stands, and where the program is. */
import { readFileSync } from 'node:fs';

/** A file of the package, whose directory is two above this one, in src as in each part of dist. */
export function packageFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}

export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
