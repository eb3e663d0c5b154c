/** A proxy command, run as ssh runs it: the way to a host that is not reached directly. */
import { existsSync } from 'node:fs';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { execa } from 'execa';
import { describe, SshpoolError } from '../base/errors.ts';

interface ProxyContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly note: (text: string) => void;
}

/** How long a proxy may take to leave after its streams were closed, before it is killed. */
const LEAVE_MS = 2000;

/** Starts the command; its standard streams are the transport. Ends with the stream. */
export function startProxy(command: string, context: ProxyContext): Duplex {
  const shell = context.env['SHELL'] ?? '/bin/sh';
  const child = execa(shell, ['-c', `exec ${command}`], {
    cwd: context.cwd,
    env: context.env,
    extendEnv: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    encoding: 'buffer',
    forceKillAfterDelay: LEAVE_MS,
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  const fail = (reason: string): void => {
    const said = words.trim().split('\n').at(-1) || withoutDirectory(context.cwd);
    stream.destroy(SshpoolError.of('PROXY_FAILED', { command, reason: said || reason }));
  };
  const { stream, hasSpoken } = streamOf(child, fail);
  child
    .then(({ exitCode, originalMessage }) => {
      if (stream.destroyed) return;
      if (exitCode === 0 && hasSpoken()) {
        stream.push(null);
        return;
      }
      fail(originalMessage || `it exited with status ${exitCode}`);
    })
    .catch((thrown: unknown) => context.note(describe(thrown)));
  return stream;
}

interface Child {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly kill: () => boolean;
}

/**
 * Not Duplex.from: where a proxy fails, its stream would fail first, with EPIPE or a premature
 * close, and what the proxy said about it would be lost. Here only its end ends the stream.
 */
function streamOf(
  child: Child,
  fail: (reason: string) => void,
): { stream: Duplex; hasSpoken: () => boolean } {
  let spoken = false;
  // No transport any more: it has a moment to say why and to leave by itself.
  const expectEnd = (): void => {
    setTimeout(() => {
      if (!stream.destroyed && !stream.readableEnded) fail('it closed the connection');
    }, LEAVE_MS).unref();
  };
  const stream = new Duplex({
    allowHalfOpen: false,
    read: () => {
      child.stdout.resume();
    },
    write: (chunk: Buffer, _encoding, done) => child.stdin.write(chunk, () => done()),
    final: (done) => {
      child.stdin.end(() => done());
    },
    destroy: (error, done) => {
      child.stdout.destroy();
      child.kill();
      done(error);
    },
  });
  child.stdin.once('error', expectEnd);
  child.stdin.once('close', expectEnd);
  child.stdout.once('end', expectEnd);
  child.stdout.on('data', (chunk: Buffer) => {
    spoken = true;
    if (!stream.push(chunk)) child.stdout.pause();
  });
  return { stream, hasSpoken: () => spoken };
}

/** A program cannot start in a directory that was removed; Node calls that ENOENT of the program. */
function withoutDirectory(cwd: string): string | undefined {
  return existsSync(cwd) ? undefined : `the working directory ${cwd} does not exist any more`;
}
