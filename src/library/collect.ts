/** Collects all that a command prints, up to a limit. */
import { SshpoolError } from '../base/errors.ts';
import type { CommandProcess } from './process.ts';
import type { CommandOutput } from './streams.ts';
import type { RunResult } from './types.ts';

/** @throws SshpoolError as RemoteProcess.exit; OUTPUT_TOO_LONG, which ends the command */
export async function collect(process: CommandProcess, maxBytes: number): Promise<RunResult> {
  let left = maxBytes;
  const gather = (output: CommandOutput): Promise<string> => {
    const chunks: Buffer[] = [];
    output.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) process.fail(SshpoolError.of('OUTPUT_TOO_LONG', { maxBytes }));
      else chunks.push(chunk);
    });
    // If the command fails, `exit` says why.
    return new Promise((resolve) => {
      output.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
  };
  const [exit, stdout, stderr] = await Promise.all([
    process.exit,
    gather(process.stdout),
    gather(process.stderr),
  ]);
  // If the command had ended before its output was read, fail() had no effect.
  if (left < 0) throw SshpoolError.of('OUTPUT_TOO_LONG', { maxBytes });
  return { ...exit, stdout, stderr };
}
