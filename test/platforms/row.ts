/** One row of the table of platforms. */
import type { Result } from '../support/cli.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Sshd } from '../support/sshd.ts';

export interface Stage {
  readonly sandbox: Sandbox;
  readonly sshd: Sshd;
  /** The package, as `npm pack` makes it. */
  readonly packed: string;
  readonly run: (words: readonly string[], env: Env, stdin?: string) => Promise<Result>;
}

/** Added to the sandbox's environment; undefined removes a variable. */
export type Env = Readonly<Record<string, string | undefined>>;

export interface Row {
  readonly name: string;
  /** Only in `npm run platforms`. */
  readonly full: boolean;
  /** Why it cannot run here. */
  readonly skip?: string | undefined;
  /** Throws where something is wrong. */
  run(stage: Stage): Promise<void>;
}
