/** Prompts and messages for the user at the caller. */

export interface Question {
  readonly text: string;
  readonly echo: boolean;
  /** A caller that cannot be prompted counts as an empty answer, as in ssh for passwords (readpass.c). */
  readonly isEmptyByDefault?: boolean;
}

/** UTF-8; undefined if no user can be asked. Who asks zeroes the answer: a string would stay in memory. */
export type Ask = (question: Question) => Promise<Buffer | undefined>;

/** Whose text ssh shows unchanged: a server's banner, which -q silences, or a program's words. */
export type Others = 'banner' | 'words';

/** Shows a line of ssh's log, or text of the source `of`. */
export type Note = (text: string, of?: Others) => void;

/** For calls that must not prompt (BatchMode). */
export const noAnswer: Ask = () => Promise.resolve(undefined);
