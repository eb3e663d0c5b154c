/** JSON as docker prints it: one array, or one object per line. */
import { SshpoolError } from '../base/errors.ts';

const LINE_MAX = 200;

/** Anything that is no record is an error, and is not skipped. @throws SshpoolError BAD_OUTPUT */
export function recordsOf(output: string, command: string): readonly unknown[] {
  const text = output.trim();
  if (text === '') return [];
  // The array is on one line, or on several: an object on a line of its own ends with `}`.
  if (text.startsWith('{')) return text.split('\n').map((line) => parse(line, command));
  const parsed = parse(text, command);
  if (parsed === null) return [];
  if (Array.isArray(parsed)) return parsed;
  throw badOutput(command, 'no array and no object', text);
}

function parse(text: string, command: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw badOutput(command, 'no JSON, or cut short', text, thrown);
  }
}

export function badOutput(
  command: string,
  problem: string,
  text: string,
  cause?: unknown,
): SshpoolError {
  const first = text.trim().split('\n')[0] ?? '';
  const cut = first.length > LINE_MAX ? `${first.slice(0, LINE_MAX)}…` : first;
  // The line is shown as JSON, which does not escape these characters.
  const line = cut.replaceAll(/[\u007f-\u009f]/g, '\uFFFD');
  return SshpoolError.of('BAD_OUTPUT', { command, problem, line }, cause);
}
