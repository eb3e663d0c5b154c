/**
 * Runs the built program as a user does, and the real ssh for comparison. The environment is that of
 * the sandbox only.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { agentPid } from '../../src/config/settings/agent-pid.ts';
import { alive, processesNaming, signal, until } from './process.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * The program under test, which `npm run build` makes: the launcher, where there is a C compiler,
 * or with SSHPOOL_TEST_PROGRAM (vitest.config.ts) another one, such as the Node client.
 */
export const PROGRAM = fileURLToPath(
  new URL(`../../${process.env['SSHPOOL_TEST_PROGRAM'] ?? 'bin/sshpool'}`, import.meta.url),
);

export interface SpawnOptions {
  /** Added to the sandbox's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The sandbox's home by default. */
  readonly cwd?: string;
  /** Starts the program in a new process session, so without the tests' controlling terminal. */
  readonly apart?: boolean;
}

export interface RunOptions extends SpawnOptions {
  /** Empty by default. */
  readonly stdin?: string | Buffer | Readable;
  /** After this time the program is killed and the test fails; a minute by default. */
  readonly timeoutMs?: number;
}

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** From the start of the program until its streams are closed. */
  readonly ms: number;
}

/** Runs `sshpool` to its end. */
export function runCli(
  sandbox: Sandbox,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  return finish(spawnCli(sandbox, args, options), `sshpool ${args.join(' ')}`, options);
}

/** Starts `sshpool`, with pipes to all three streams. */
export function spawnCli(
  sandbox: Sandbox,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcessWithoutNullStreams {
  stopAgentAtTheEnd(sandbox);
  return start(sandbox, PROGRAM, args, options);
}

/** Runs any program to its end. */
export function runProgram(
  sandbox: Sandbox,
  [program = '', ...args]: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  return finish(start(sandbox, program, args, options), args.join(' '), options);
}

/** Runs the real `ssh` to its end. */
export function ssh(
  sandbox: Sandbox,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  return finish(start(sandbox, 'ssh', args, options), `ssh ${args.join(' ')}`, options);
}

const withAgents = new WeakSet<Sandbox>();

/** Any call may start an agent, and the agent keeps running by design: stops it once, at the end. */
export function stopAgentAtTheEnd(sandbox: Sandbox): void {
  if (withAgents.has(sandbox)) return;
  withAgents.add(sandbox);
  sandbox.defer(async () => {
    const pid = await agentPid(sandbox.paths);
    if (pid !== undefined) {
      // A signal, because `agent stop` is one more Node process for each sandbox.
      signal(pid, 'SIGTERM');
      await until(() => !alive(pid), 'the agent ends by SIGTERM');
    }
    if (processesNaming(sandbox.run).length === 0) return;
    // The exit status is ignored: a process that is still alive fails the test.
    await runCli(sandbox, ['agent', 'stop', '--force']);
  });
}

function start(
  sandbox: Sandbox,
  program: string,
  args: readonly string[],
  { env, cwd = sandbox.home, apart = false }: SpawnOptions,
): ChildProcessWithoutNullStreams {
  return spawn(program, args, {
    cwd,
    env: { ...sandbox.env, ...env },
    stdio: 'pipe',
    detached: apart,
  });
}

async function finish(
  child: ChildProcessWithoutNullStreams,
  what: string,
  { stdin = '', timeoutMs = 60_000 }: RunOptions,
): Promise<Result> {
  const startedAt = performance.now();
  const ended = new Promise<Pick<Result, 'code' | 'signal'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code, signal: by }));
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
    // A process that keeps the streams open must not block the test.
    child.stdout.destroy();
    child.stderr.destroy();
  }, timeoutMs);
  try {
    const [stdout, stderr, end] = await Promise.all([
      buffer(child.stdout).catch(() => Buffer.alloc(0)),
      text(child.stderr).catch(() => ''),
      ended,
      feed(child, stdin),
    ]);
    if (late) throw new Error(`not ended within ${timeoutMs} ms: ${what}\n${stderr}`);
    return { ...end, stdout, stderr, ms: performance.now() - startedAt };
  } finally {
    clearTimeout(timer);
  }
}

/** A program may end before it has read its whole input: that does not fail the test. */
async function feed(
  child: ChildProcessWithoutNullStreams,
  stdin: string | Buffer | Readable,
): Promise<void> {
  const source = stdin instanceof Readable ? stdin : Readable.from([stdin]);
  await pipeline(source, child.stdin).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (!['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(code))) throw error;
  });
}
