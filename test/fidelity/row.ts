/** One row of the table of what `ssh ARGS` does, and `sshpool ssh ARGS` must do as well. */
import type { Caller, CallOptions } from './caller.ts';

/** What one of them was seen to do; compared as JSON. */
export type Facts = Readonly<Record<string, unknown>>;

export interface Row {
  /** A sentence about ssh. */
  readonly name: string;
  /** The facts in which sshpool is other by choice, and why; they must be other. */
  readonly differs?: { readonly in: readonly string[]; readonly why: string };
  /** Why it cannot run on this machine. */
  readonly skip?: string | undefined;
  readonly act: (caller: Caller) => Promise<Facts>;
}

/** One call, of which standard output, standard error and exit code are compared. */
export const plain = (
  name: string,
  args: readonly string[],
  { differs, ...options }: CallOptions & Pick<Row, 'differs'> = {},
): Row => ({
  name,
  ...(differs && { differs }),
  act: (caller) => caller.run(args, options),
});

/** In which facts two runs are not the same, each with both values. */
export function differences(reference: Facts, facts: Facts, but: readonly string[]): string[] {
  const names = [...new Set([...Object.keys(reference), ...Object.keys(facts)])];
  return names
    .filter((name) => !but.includes(name))
    .filter((name) => JSON.stringify(reference[name]) !== JSON.stringify(facts[name]))
    .map(
      (name) =>
        `${name} ${JSON.stringify(facts[name])}, and not ${JSON.stringify(reference[name])}`,
    );
}
