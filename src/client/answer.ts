/**
 * Who answers a question: the person at the terminal, or a program, by the rules of ssh (readpass.c,
 * read_passphrase; ssh(1), SSH_ASKPASS). One question at a time.
 */
import { runAskpass } from './askpass.ts';
import { askOnTerminal, openTerminal } from './prompt.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** `terminal` falls back to nobody where none can be opened. */
export type Answerer = 'terminal' | 'program' | 'nobody';

/** Decides by the environment, and by whether there is a controlling terminal. */
export function answererOf(env: Env, hasTerminal: boolean): Answerer {
  const required = env['SSH_ASKPASS_REQUIRE']?.toLowerCase();
  const hasDisplay = Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
  if (required === 'force') return 'program';
  const allowed = hasDisplay && required !== 'never';
  if (allowed && (required === 'prefer' || !hasTerminal)) return 'program';
  return hasTerminal ? 'terminal' : 'nobody';
}

let last: Promise<unknown> = Promise.resolve();

/** Resolves to undefined where there is nobody, or where the answer was refused. */
export function answerQuestion(text: string, echo: boolean): Promise<string | undefined> {
  // Two that connect at once may both ask, and there is one terminal.
  const answer = last.then(() => answerNow(text, echo));
  last = answer;
  return answer;
}

function answerNow(text: string, echo: boolean): Promise<string | undefined> {
  const terminal = openTerminal();
  const answerer = answererOf(process.env, terminal !== undefined);
  if (answerer === 'terminal' && terminal) return askOnTerminal(terminal, text, echo);
  terminal?.close();
  return answerer === 'program' ? runAskpass(process.env, text) : Promise.resolve(undefined);
}
