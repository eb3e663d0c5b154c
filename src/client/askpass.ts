/** A question put by a program, as ssh does it (readpass.c, ssh_askpass). */
import { spawn } from 'node:child_process';
import { describe } from '../base/errors.ts';
import { systemWords } from '../base/system-words.ts';
import { printablePrompt } from './prompt.ts';

/** ssh's own, where SSH_ASKPASS names none (_PATH_SSH_ASKPASS_DEFAULT). */
const DEFAULT_PROGRAM = '/usr/bin/ssh-askpass';
/** As much of what it prints can be an answer. */
const MAX_BYTES = 64 * 1024;

/**
 * The first line that it prints; undefined where it fails, cannot be run, which `say` is told, or
 * `signal` ends it.
 */
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

/** @throws the error of the system where the program cannot be run */
function answerOf(
  program: string,
  args: readonly string[],
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    // It throws some of these errors itself, ENOTDIR for one.
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
  // Node refuses an empty name in words of its own.
  return program === '' ? 'No such file or directory' : (systemWords(thrown) ?? describe(thrown));
}

/** With the carriage return of an entry of its log, as ssh has it. */
function unrun(program: string, why: string): string {
  return `ssh_askpass: exec(${printablePrompt(program)}): ${why}\r`;
}

/** A copy of its own. */
function firstLine(printed: Buffer): Buffer {
  const end = printed.findIndex((byte) => byte === CR || byte === LF);
  return Buffer.from(end < 0 ? printed : printed.subarray(0, end));
}

const [CR, LF] = [0x0d, 0x0a];
