/** Translates a call of `sshpool exec` or `shell` into arguments of ssh(1), for when ssh makes the call. */
import type { CallArgs, TtyWish } from './call-args.ts';

const TTY: Readonly<Record<TtyWish, readonly string[]>> = {
  default: [],
  never: ['-T'],
  request: ['-t'],
  force: ['-tt'],
};

/** The caller handles `timeoutMs`, each ssh is `fresh`, and calls with `json` do not come here. */
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
