/** The system's words for its own errors, in place of Node's (`read ECONNRESET`). */
import { getSystemErrorMap } from 'node:util';

/** As strerror(3), such as `Connection reset by peer`; undefined for what is no error of the system. */
export function systemWords(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { errno } = thrown as NodeJS.ErrnoException;
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return words && words.charAt(0).toUpperCase() + words.slice(1);
}
