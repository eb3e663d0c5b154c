/** A question put by a program, as ssh does it (readpass.c, ssh_askpass). */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { describe } from '../base/errors.ts';
import { systemWords } from '../base/system-words.ts';
import { printable } from './prompt.ts';

/** ssh's own, where SSH_ASKPASS names none (_PATH_SSH_ASKPASS_DEFAULT). */
const DEFAULT_PROGRAM = '/usr/bin/ssh-askpass';
/** As much of what it prints can be an answer. */
const MAX_BYTES = 64 * 1024;

/** The first line that it prints; undefined where it fails, cannot be run, or `signal` ends it. */
export function runAskpass(
  env: NodeJS.ProcessEnv,
  text: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const program = env['SSH_ASKPASS'] ?? DEFAULT_PROGRAM;
  if (signal.aborted) return Promise.resolve(undefined);
  if (program === '') {
    sayUnrun(program, 'No such file or directory');
    return Promise.resolve(undefined);
  }
  return new Promise((resolve) => {
    const stdio = ['inherit', 'pipe', 'inherit'] as const;
    const child = spawn(program, [printable(text)], { env, stdio: [...stdio], signal });
    const printed = Buffer.alloc(MAX_BYTES);
    let bytes = 0;
    child.stdout.on('data', (data: Buffer) => {
      bytes += data.copy(printed, bytes);
      data.fill(0);
    });
    child.once('error', (error) => {
      if (!signal.aborted) sayUnrun(program, systemWords(error) ?? describe(error));
      resolve(undefined);
    });
    child.once('close', (status) => {
      resolve(status === 0 ? firstLine(printed.subarray(0, bytes)) : undefined);
      printed.fill(0);
    });
  });
}

/** On standard error, where the program would have said something itself. */
function sayUnrun(program: string, why: string): void {
  try {
    writeSync(2, `ssh_askpass: exec(${printable(program)}): ${why}\r\n`);
  } catch {
    // It is closed, or nobody reads it: nothing depends on these words.
  }
}

/** A copy of its own. */
function firstLine(printed: Buffer): Buffer {
  const end = printed.findIndex((byte) => byte === CR || byte === LF);
  return Buffer.from(end < 0 ? printed : printed.subarray(0, end));
}

const [CR, LF] = [0x0d, 0x0a];
