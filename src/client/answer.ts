/**
 * Who answers a question: the person at the terminal, or a program, by the rules of ssh (readpass.c,
 * read_passphrase; ssh(1), SSH_ASKPASS). One question at a time.
 */
import { runAskpass } from './askpass.ts';
import { askOnTerminal, closeTerminal, openTerminal } from './prompt.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `terminal` falls back to nobody where none can be opened. */
export type Answerer = 'terminal' | 'program' | 'none';

/** Decides by the environment, and by whether there is a controlling terminal. */
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

  /** `say` is told where a program that is to ask cannot be run. */
  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Resolves to undefined where there is nobody, or where the answer was refused. */
  give(text: string, echo: boolean): Promise<Buffer | undefined> {
    // Two that connect at once may both ask, and there is one terminal. Who cannot ask has no answer.
    const answer = this.#last
      .then(() => answerNow({ text, echo }, this.#over.signal, this.#say))
      .catch(() => undefined);
    this.#last = answer;
    return answer;
  }

  /** The call is over: what is still open is taken back. */
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
  const terminal = openTerminal();
  const answerer = answererOf(process.env, terminal !== undefined);
  if (answerer === 'terminal' && terminal) return askOnTerminal(terminal, question, over);
  if (terminal) closeTerminal(terminal);
  return answerer === 'program' ? runAskpass(process.env, question.text, over, say) : undefined;
}
