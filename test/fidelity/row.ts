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
  /** Removes the parts that differ at each run. */
  readonly normal?: (text: string) => string;
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

/** The start of every script. */
export const PRELUDE = 'await() { until [ -e "$DIR/$1" ]; do sleep 0.02; done; }\n';
