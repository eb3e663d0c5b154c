/** Questions and words for the person at the caller; how they travel there is not known here. */

export interface Question {
  /** The whole prompt, as it stands before the cursor; may have several lines. */
  readonly text: string;
  /** Whether the answer may be seen while it is typed. */
  readonly echo: boolean;
  /** A caller who cannot type has given an empty answer, as ssh has it for passwords (readpass.c). */
  readonly isEmptyByDefault?: boolean;
}

/**
 * Puts a question; resolves to the answer in UTF-8, undefined where there is nobody to ask. The one
 * who asks has the only copy, and zeroes it once it was used: a string would stay in memory.
 */
export type Ask = (question: Question) => Promise<Buffer | undefined>;

/**
 * What others say, and ssh leaves on standard error just as it is: the `banner` of a server, which -q
 * silences, or the `words` of a program, such as a ProxyCommand, down to its escape sequences.
 */
export type Others = 'banner' | 'words';

/** Says something to the person: a line of what ssh writes into its log; or what others say. */
export type Note = (text: string, of?: Others) => void;

/** The asker of calls that must not ask (BatchMode). */
export const noAnswer: Ask = () => Promise.resolve(undefined);
