/** `sshpool warm`: connects to hosts ahead of time, all at once. */
import { EXIT_FAILURE } from '../../base/error-table.ts';
import { parseTargets } from '../../config/command-line/exec-args.ts';
import { warmHosts } from '../agent-call.ts';
import { printError, printing } from '../ui.ts';

export async function warm(argv: readonly string[]): Promise<number | undefined> {
  const { help, quiet, targets } = parseTargets(argv.map((word) => Buffer.from(word)));
  if (help) return undefined;
  const hosts = targets.map(({ text }) => text).join(', ');
  const warmed = await warmHosts(argv, hosts, quiet);
  const lines = warmed.flatMap(({ target, reused, connectMs, error }) =>
    error === null
      ? [`${target}: ${reused ? 'warm already' : `connected in ${connectMs} ms`}\n`]
      : [],
  );
  for (const { target, error } of warmed) {
    if (error !== null) printError(`sshpool: ${target}: ${error}`);
  }
  if (!quiet) await printing(() => process.stdout.write(lines.join('')));
  return warmed.some(({ error }) => error !== null) ? EXIT_FAILURE : 0;
}
