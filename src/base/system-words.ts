/** The system's error messages as strerror(3) has them, instead of Node's (`read ECONNRESET`). */
import { getSystemErrorMap } from 'node:util';

/** Where Node's table differs from strerror(3). */
const OTHERS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EHOSTUNREACH: 'No route to host',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOTCONN: 'Transport endpoint is not connected',
};

export function systemWords(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { errno } = thrown as NodeJS.ErrnoException;
  const [code = '', words] = (errno !== undefined && getSystemErrorMap().get(errno)) || [];
  return OTHERS[code] ?? (words && words.charAt(0).toUpperCase() + words.slice(1));
}
