/** `sshpool wrap`: runs a tool for which ssh is sshpool. */
import { delimiter } from 'node:path';
import { SshpoolError } from '../../base/errors.ts';
import { becomeProgram } from '../../client/become-ssh.ts';
import { makeWrapDir } from '../../client/wrap-dir.ts';
import { OURS } from '../../config/real-ssh.ts';

/**
 * Resolves to the tool's exit status; undefined where help is asked for.
 * @throws SshpoolError USAGE; NOT_RUN where it cannot be started; UNSAFE_PATH
 */
export async function wrap(argv: readonly string[]): Promise<number | undefined> {
  const [first] = argv;
  if (first === '--help' || first === '-h') return undefined;
  const [tool, ...words] = first === '--' ? argv.slice(1) : argv;
  if (tool === undefined || (first !== '--' && tool.startsWith('-'))) {
    const problem = tool === undefined ? 'no TOOL' : `unknown option ${JSON.stringify(tool)}`;
    throw SshpoolError.of('USAGE', {
      problem,
      hint: 'the form is: sshpool wrap [--] TOOL [ARG...]',
    });
  }
  const dir = makeWrapDir(OURS.program, process.env);
  const path = [dir, process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter);
  return becomeProgram(tool, words, { ...process.env, PATH: path });
}
