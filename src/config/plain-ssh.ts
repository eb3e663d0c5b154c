/** A call of `sshpool exec` or `shell` in the words of ssh(1), for where ssh itself has to do it. Pure. */
import type { CallArgs, TtyWish } from './call-args.ts';

const TTY: Readonly<Record<TtyWish, readonly string[]>> = {
  default: [],
  never: ['-T'],
  request: ['-t'],
  force: ['-tt'],
};

/**
 * The arguments of ssh. It has nothing to say of `timeoutMs`, which the caller sees to, nor of `fresh`,
 * which each ssh is; and there is no `json`.
 */
export function plainSshWords(args: CallArgs): Buffer[] {
  const { sshArgs, tty, stdin, quiet, verbose, escape, target, command } = args;
  const words = [
    ...sshArgs,
    ...TTY[tty],
    ...(stdin ? [] : ['-n']),
    ...(quiet ? ['-q'] : []),
    ...Array.from({ length: verbose }, () => '-v'),
    ...(escape === undefined ? [] : ['-e', escape]),
    '--',
    target.text,
  ];
  return [...words.map((word) => Buffer.from(word)), ...(command.length === 0 ? [] : [command])];
}
