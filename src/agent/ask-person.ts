/** Puts questions to the person who made the call, if the caller can show them. */
import { noAnswer, type Ask } from '../ssh/link/prompts.ts';
import type { ExecCaller } from './exec-caller.ts';
import type { Notes } from './notes.ts';

/** Lines that came before a question are shown before it. */
export function askPerson(caller: ExecCaller, notes: Notes): Ask {
  return (question) => {
    if (!caller.can('ask')) return noAnswer(question);
    notes.release();
    return caller.ask(question);
  };
}
