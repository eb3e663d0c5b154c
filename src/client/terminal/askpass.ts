/** Asks a question through a program, as ssh does (readpass.c, ssh_askpass). */
import { spawn } from 'node:child_process';
import { describe } from '../../base/errors.ts';
import { systemWords } from '../../base/system-words.ts';
import { printablePrompt } from './prompt.ts';

/** ssh's default if SSH_ASKPASS is unset (_PATH_SSH_ASKPASS_DEFAULT). */
const DEFAULT_PROGRAM = '/usr/bin/ssh-askpass';
const MAX_BYTES = 64 * 1024;

/** The program's first line; undefined if it fails, is ended, or cannot be run (reported to `say`). */
export function runAskpass(
  env: NodeJS.ProcessEnv,
  text: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Buffer | undefined> {
  const program = env['SSH_ASKPASS'] ?? DEFAULT_PROGRAM;
  if (signal.aborted) return Promise.resolve(undefined);
  return answerOf(program, [printablePrompt(text)], { env, signal }).catch((thrown: unknown) => {
    if (!signal.aborted) say(unrun(program, whyNot(program, thrown)));
    return undefined;
  });
}

function answerOf(
  program: string,
  args: readonly string[],
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    // spawn throws some errors synchronously, such as ENOTDIR.
    const child = spawn(program, args, { env, stdio: ['inherit', 'pipe', 'inherit'], signal });
    child.once('error', reject);
    const printed = Buffer.alloc(MAX_BYTES);
    let bytes = 0;
    child.stdout.on('data', (data: Buffer) => {
      bytes += data.copy(printed, bytes);
      data.fill(0);
    });
    child.once('close', (status) => {
      resolve(status === 0 ? firstLine(printed.subarray(0, bytes)) : undefined);
      printed.fill(0);
    });
  });
}

function whyNot(program: string, thrown: unknown): string {
  // Node rejects an empty name with its own message.
  return program === '' ? 'No such file or directory' : (systemWords(thrown) ?? describe(thrown));
}

/** Ends with a carriage return, as ssh's log entries do. */
function unrun(program: string, why: string): string {
  return `ssh_askpass: exec(${printablePrompt(program)}): ${why}\r`;
}

/** A copy, as `printed` is zeroed. */
function firstLine(printed: Buffer): Buffer {
  const end = printed.findIndex((byte) => byte === CR || byte === LF);
  return Buffer.from(end < 0 ? printed : printed.subarray(0, end));
}

const [CR, LF] = [0x0d, 0x0a];
