/** One behaviour of ssh: a script that bash runs with ssh, and again with sshpool in its place. */

export interface Row {
  /** Completes "as ssh: ". */
  readonly name: string;
  /**
   * Has in `$SSH` the words of the ssh to run with its configuration, in which `box` is the server,
   * and in `$DIR` an empty directory, the same on both sides of the connection. `await NAME` waits
   * for a file in it.
   */
  readonly script: string;
  readonly stdin?: string | Buffer;
  /** It runs in a terminal, where each text is typed when the marker before it is shown. */
  readonly typed?: readonly (readonly [marker: string, text: string])[];
  /** Takes out what cannot be the same twice. */
  readonly normal?: (text: string) => string;
  /** For which contender it is known to differ, and why that is as it should be. */
  readonly differs?: Partial<Record<'launcher' | 'client', string>>;
}

export const row = (
  name: string,
  script: string,
  more: Omit<Row, 'name' | 'script'> = {},
): Row => ({
  name,
  script,
  ...more,
});

/** What every script begins with. */
export const PRELUDE = 'await() { until [ -e "$DIR/$1" ]; do sleep 0.02; done; }\n';
