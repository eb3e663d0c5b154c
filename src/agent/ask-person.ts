/** Puts questions to the person who made the call, through the program of the call that can show them. */
import type { Ask } from '../ssh/link/prompts.ts';
import type { ExecCaller } from './exec-caller.ts';
import type { Notes } from './notes.ts';

/** `makeAnew` delegates the call to a program that begins it again: all that older launchers can do. */
export function askPerson(caller: ExecCaller, notes: Notes, makeAnew: () => void): Ask {
  return (question) => {
    if (caller.can('ask')) return caller.ask(question);
    if (caller.can('handOver')) {
      notes.release();
      caller.handOver();
      return caller.ask(question);
    }
    if (caller.can('delegate')) makeAnew();
    return Promise.resolve(undefined);
  };
}
