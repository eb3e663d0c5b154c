/**
 * An isolated environment for one test: its own directories, no inherited variable but PATH, and a
 * check that no process is left at the end.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runtimePaths, type RuntimePaths } from '../../src/config/settings/paths.ts';
import { processesNaming, signal, titleOf, until } from './process.ts';

/** How long a process may take to end after its signal. */
const GRACE_MS = 3000;

export interface Sandbox extends AsyncDisposable {
  /** Short, because the path of a unix socket has at most 103 bytes. */
  readonly root: string;
  readonly home: string;
  /** The runtime directory of this sandbox's agent. */
  readonly run: string;
  /** The files of that agent. */
  readonly paths: RuntimePaths;
  readonly env: Readonly<Record<string, string>>;
  path(...parts: string[]): string;
  /** Writes a file of mode 0600, making its directories, and returns its path. */
  write(name: string, content: string): string;
  /** Clean-up at the end of the sandbox, in reverse order and before processes are counted. */
  defer(cleanUp: () => Promise<void>): void;
}

/**
 * Makes a sandbox. If processes of the sandbox are left at its disposal, it kills them and fails. These
 * have its path on the command line or in the environment (looked up on Linux only).
 */
export function createSandbox(): Sandbox {
  // Resolved, so that the paths equal those that the programs print.
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'sshp-')));
  const [home, run] = [join(root, 'home'), join(root, 'run')];
  for (const directory of [home, run]) mkdirSync(directory, { mode: 0o700 });
  const { SSHPOOL_COVERAGE: coverage, PATH: path = '/usr/bin:/bin' } = process.env;
  const cleanUps: (() => Promise<void>)[] = [];

  return {
    root,
    home,
    run,
    paths: runtimePaths({ SSH_POOL_RUNTIME_DIR: run }, process.getuid?.() ?? 0),
    env: {
      // For scripts/coverage.js: the programs that the tests start write their coverage there.
      ...(coverage ? { NODE_V8_COVERAGE: join(coverage, 'raw') } : {}),
      PATH: [...(coverage ? [join(coverage, 'bin')] : []), path].join(':'),
      HOME: home,
      SSH_POOL_RUNTIME_DIR: run,
      // On a busy machine a key exchange may take more than the 5 s of users. Tests about it set their own.
      SSH_POOL_CONNECTION_TIMEOUT_MS: '60000',
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
    },
    path: (...parts) => join(root, ...parts),
    write(name, content) {
      const file = join(root, name);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, content, { mode: 0o600 });
      return file;
    },
    defer: (cleanUp) => void cleanUps.push(cleanUp),
    async [Symbol.asyncDispose]() {
      const failures = await runAll(cleanUps.splice(0).toReversed());
      failures.push(...(await endLeftovers(root)));
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
    },
  };
}

/** Runs every clean-up, also after one that failed. */
async function runAll(cleanUps: (() => Promise<void>)[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const cleanUp of cleanUps) await cleanUp().catch((error: unknown) => failures.push(error));
  return failures;
}

async function endLeftovers(root: string): Promise<Error[]> {
  // Processes that were told to end get time to do so: only the remaining ones are leaks.
  const left = await until(() => processesNaming(root).length === 0, 'nothing left', GRACE_MS).then(
    () => [],
    () => processesNaming(root),
  );
  if (left.length === 0) return [];
  const titles = left.map((pid) => `${pid} ${titleOf(pid)}`);
  for (const pid of left) signal(pid, 'SIGKILL');
  await until(() => processesNaming(root).length === 0, 'killed processes are gone', GRACE_MS);
  return [new Error(`processes are left behind: ${titles.join('; ')}`)];
}
