/** The key types of the installed ssh: such a key makes a host known, even if sshpool cannot read the key. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { envForSsh, sshFor } from '../../base/programs.ts';
import type { KnownHost } from './known-hosts-lines.ts';

/** Undefined where the program does not say. */
type Types = ReadonlySet<string> | undefined;

const LIMIT_MS = 10_000;

export class InstalledKeyTypes {
  readonly #answers = new Map<string, Promise<Types>>();

  /** The lines that this ssh reads: it ignores lines with a type that it does not know. */
  async filter(
    lines: readonly KnownHost[],
    place: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
  ): Promise<readonly KnownHost[]> {
    if (!lines.some(({ isForeign }) => isForeign)) return lines;
    const program = sshFor(place.env, place.cwd);
    const types = program === undefined ? undefined : await this.#of(program, place.env);
    // If the types are unknown, all lines count: a host that may be known must not count as unknown.
    return lines.filter(({ isForeign, keyType }) => !isForeign || (types?.has(keyType) ?? true));
  }

  #of(program: string, env: NodeJS.ProcessEnv): Promise<Types> {
    const { ino, mtimeMs } = statSync(program);
    const installed = `${program} ${ino} ${mtimeMs}`;
    const known = this.#answers.get(installed) ?? ask(program, env);
    this.#answers.set(installed, known);
    return known;
  }
}

function ask(program: string, { PATH }: NodeJS.ProcessEnv): Promise<Types> {
  return new Promise((resolve) => {
    const options = { timeout: LIMIT_MS, env: envForSsh(program, { PATH }) };
    execFile(program, ['-Q', 'key'], options, (error, printed) => {
      resolve(error ? undefined : new Set(printed.split('\n')));
    });
  });
}
