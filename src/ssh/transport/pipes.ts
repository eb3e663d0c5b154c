/** Pipes, as ssh makes (sshconnect.c): Node's socket pairs have an address, and /dev/stdin does not open. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

export interface Pipes {
  /** The program's file descriptors; this process must close both. */
  readonly theirs: readonly [stdin: number, stdout: number];
  readonly stdin: Socket;
  readonly stdout: Socket;
}

/** Only this user can enter `dir`. Undefined if it fails. The program's ends block, as programs expect. */
export async function openPipes(dir: string): Promise<Pipes | undefined> {
  const name = join(dir, `p${randomBytes(4).toString('hex')}`);
  const [input, output] = [`${name}i`, `${name}o`];
  const open: number[] = [];
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', input, output]);
    const [theirInput, ourInput] = both(input, O_RDONLY, O_WRONLY | O_NONBLOCK, open);
    const [ourOutput, theirOutput] = both(output, O_RDONLY | O_NONBLOCK, O_WRONLY, open);
    return {
      theirs: [theirInput, theirOutput],
      stdin: new Socket({ fd: ourInput, readable: false, writable: true }),
      stdout: new Socket({ fd: ourOutput, readable: true, writable: false }),
    };
  } catch {
    for (const descriptor of open) closeSync(descriptor); // the agent may be short of descriptors
    return undefined; // socket pairs do for nearly every program
  } finally {
    for (const path of [input, output]) rmSync(path, { force: true });
  }
}

/** Both ends of a named pipe, noted in `open`; to open one alone would wait for the other. */
function both(
  path: string,
  read: number,
  write: number,
  open: number[],
): readonly [number, number] {
  const first = openSync(path, O_RDWR | O_NONBLOCK);
  try {
    const reading = openSync(path, read);
    open.push(reading);
    const writing = openSync(path, write);
    open.push(writing);
    return [reading, writing];
  } finally {
    closeSync(first);
  }
}
