/** Makes the message that begins a call: its arguments, environment, directory and terminal. */
import { isatty } from 'node:tty';
import { currentDirectory } from '../../base/current-directory.ts';
import { ownPlace } from '../../base/place.ts';
import type { CommandName } from '../../config/command-line/call-args.ts';
import { envLines, type MessageOf } from '../call/call.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** @throws SshpoolError NO_DIRECTORY */
export function execMessage(
  command: CommandName,
  argv: readonly Buffer[],
  terminal: Terminal | undefined,
): MessageOf<'exec'> {
  return {
    type: 'exec',
    command,
    argv,
    cwd: currentDirectory(),
    env: envLines(process.env),
    ...ownPlace(process.env),
    terminals: terminals(),
    ...(terminal?.size ?? { columns: 0, rows: 0, width: 0, height: 0 }),
    modes: terminal?.modes ?? Buffer.alloc(0),
  };
}

function terminals(): number {
  return [0, 1, 2].reduce((bits, fd) => bits | (isatty(fd) ? 1 << fd : 0), 0);
}
