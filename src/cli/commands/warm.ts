/** `sshpool warm`: connects to hosts ahead of time, all at once. */
import { EXIT_FAILURE } from '../../base/errors.ts';
import { parseTargets } from '../../config/exec-args.ts';
import { envLines } from '../../client/call.ts';
import { callStarting } from '../agent-call.ts';
import { printError, showWaiting } from '../ui.ts';

/** `argv` is the words after `warm`; undefined where they ask for help. */
export async function warm(argv: readonly string[]): Promise<number | undefined> {
  const { help, quiet, targets } = parseTargets(argv.map((word) => Buffer.from(word)));
  if (help) return undefined;
  const stopWaiting = quiet
    ? () => undefined
    : showWaiting(`connecting to ${targets.map(({ text }) => text).join(', ')}`);
  const params = { argv: [...argv], cwd: process.cwd(), env: envLines(process.env) };
  const { warmed } = await callStarting('warm', params, stopWaiting).finally(stopWaiting);
  for (const { target, reused, connectMs, error } of warmed) {
    if (error !== null) printError(`sshpool: ${target}: ${error}`);
    else if (!quiet) {
      process.stdout.write(
        `${target}: ${reused ? 'warm already' : `connected in ${connectMs} ms`}\n`,
      );
    }
  }
  return warmed.some(({ error }) => error !== null) ? EXIT_FAILURE : 0;
}
