/** Questions to the person of a call, by whichever of its programs can put them. */
import type { Ask } from '../ssh/link/prompts.ts';
import type { ExecCaller } from './exec-caller.ts';
import type { Notes } from './notes.ts';

/** `makeAnew` leaves the call to a program that begins it once more: all that a launcher of before could do. */
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
