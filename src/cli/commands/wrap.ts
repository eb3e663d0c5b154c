/** `sshpool wrap`: runs a tool with sshpool as its `ssh`. */
import { usageError } from '../../base/usage-errors.ts';
import { DEFAULT_PATH } from '../../base/programs.ts';
import { runProgram } from '../../client/exec/run-program.ts';
import { wrapDirectory } from '../../client/wrap-directory.ts';
import { ourPaths } from '../agent-call.ts';
import { ownProgram } from '../../base/launcher.ts';

const SYNTAX = 'sshpool wrap [--] TOOL [ARG...]';

export async function wrap(argv: readonly string[]): Promise<number | undefined> {
  const [first = ''] = argv;
  if (first === '--help' || first === '-h') return undefined;
  if (first.startsWith('-') && first !== '--') {
    throw usageError('UNKNOWN_OPTION', { option: first, syntax: SYNTAX });
  }
  const [tool, ...args] = first === '--' ? argv.slice(1) : argv;
  if (!tool) throw usageError('MISSING', { what: 'TOOL', syntax: SYNTAX });
  const directory = wrapDirectory(ourPaths(), ownProgram(), process.env);
  return runProgram(tool, args, {
    ...process.env,
    PATH: withFirst(directory, process.env['PATH']),
  });
}

function withFirst(directory: string, path = DEFAULT_PATH): string {
  return path.split(':')[0] === directory ? path : `${directory}:${path}`;
}
