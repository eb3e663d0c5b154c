/** The version of the program, and the location of its files. */
import { readFileSync } from 'node:fs';

/** The root is two directories above this file, in src and in each part of dist. */
export function packageFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}

export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
