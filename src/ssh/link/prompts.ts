/** Prompts and messages for the user at the caller; this module does not know how they get there. */

export interface Question {
  /** The whole prompt, as it stands before the cursor; may have several lines. */
  readonly text: string;
  /** Whether the answer may be seen while it is typed. */
  readonly echo: boolean;
  /** A caller that cannot be prompted counts as an empty answer, as in ssh for passwords (readpass.c). */
  readonly isEmptyByDefault?: boolean;
}

/**
 * Prompts the user; resolves to the answer in UTF-8, undefined if no user can be prompted. The function that
 * calls it has the only copy, and zeroes it after use: a string would stay in memory.
 */
export type Ask = (question: Question) => Promise<Buffer | undefined>;

/**
 * The source of text that ssh passes to standard error unchanged: the `banner` of a server, which -q
 * silences, or the `words` of a program, such as a ProxyCommand, escape sequences included.
 */
export type Others = 'banner' | 'words';

/** Shows text to the user: a line of ssh's log, or text of the source `of`. */
export type Note = (text: string, of?: Others) => void;

/** For calls that must not prompt (BatchMode). */
export const noAnswer: Ask = () => Promise.resolve(undefined);
