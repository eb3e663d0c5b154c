/** Chooses who answers a question, by ssh's rules: readpass.c (read_passphrase), ssh(1) (SSH_ASKPASS). */

type Env = Readonly<Record<string, string | undefined>>;

export type Answerer = 'terminal' | 'program' | 'none';

export function answererOf(env: Env, hasTerminal: boolean): Answerer {
  const required = env['SSH_ASKPASS_REQUIRE']?.toLowerCase();
  const hasDisplay = Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
  if (required === 'force') return 'program';
  const allowed = hasDisplay && required !== 'never';
  if (allowed && (required === 'prefer' || !hasTerminal)) return 'program';
  return hasTerminal ? 'terminal' : 'none';
}

/** The answers of one call. */
export class Prompter {
  readonly #say: (line: string) => void;
  readonly #over = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Resolves to undefined if no person can be asked or the question was cancelled. */
  give(text: string, echo: boolean): Promise<Buffer | undefined> {
    // Two parallel connects share one terminal. A failure to ask counts as no answer.
    const answer = this.#last
      .then(() => answerNow({ text, echo }, this.#over.signal, this.#say))
      .catch(() => undefined);
    this.#last = answer;
    return answer;
  }

  /** Cancels open questions at the end of the call. */
  close(): void {
    this.#over.abort();
  }
}

async function answerNow(
  question: { readonly text: string; readonly echo: boolean },
  over: AbortSignal,
  say: (line: string) => void,
): Promise<Buffer | undefined> {
  if (over.aborted) return undefined;
  // Loaded only here: most calls ask nothing, and Node's child_process takes 2 ms to load.
  const { askOnTerminal, closeTerminal, openTerminal } = await import('./prompt.ts');
  const terminal = openTerminal();
  const answerer = answererOf(process.env, terminal !== undefined);
  if (answerer === 'terminal' && terminal) return askOnTerminal(terminal, question, over);
  if (terminal) closeTerminal(terminal);
  if (answerer !== 'program') return undefined;
  const { runAskpass } = await import('./askpass.ts');
  return runAskpass(process.env, question.text, over, say);
}
