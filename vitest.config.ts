import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  defineConfig,
  type TestProjectConfiguration,
  type TestProjectInlineConfiguration,
} from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Set by scripts/soak.js: only its runs make that load. */
const SOAK = process.env['SSHPOOL_SOAK_MINUTES'] !== undefined;
/** Set by scripts/interop.js. */
const INTEROP = process.env['SSHPOOL_INTEROP'] !== undefined;
const SANITIZED = 'bin/sshpool-sanitized';

/** Stops a test that hangs; what must be fast is measured in bench/. */
const HANGS_MS = 300_000;

/** They take two minutes: at the end of the run they would be alone. */
const LONGEST = ['reach/table', 'e2e/devices'];

const isLong = ({ moduleId }: TestSpecification): boolean =>
  LONGEST.some((name) => moduleId.endsWith(`/test/${name}.test.ts`));

class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = files.filter((file) => !isLong(file));
    return Promise.resolve([...files.filter(isLong), ...others]);
  }
}

/** A Node process that loads all modules anew for each file would cost as much as most of the tests. */
function project(
  test: NonNullable<TestProjectInlineConfiguration['test']>,
): TestProjectConfiguration {
  return {
    test: { isolate: false, testTimeout: HANGS_MS, hookTimeout: HANGS_MS, ...test },
  };
}

/** Tests with the built program; `program` replaces the launcher. */
function endToEnd(
  name: string,
  { include = ['*'], program }: { include?: string[]; program?: string } = {},
): TestProjectConfiguration {
  return project({
    name,
    include: include.map((file) => `test/e2e/${file}.test.ts`),
    env: program === undefined ? {} : { SSHPOOL_TEST_PROGRAM: program },
  });
}

export default defineConfig({
  test: {
    // Tests wait for half of their time: with one worker for each processor, a small machine was idle
    // for that half, and the run took twice as long.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      project({ name: 'unit', include: ['test/unit/**/*.test.ts'] }),
      project({ name: 'interop', include: ['test/interop/*.test.ts'] }),
      project({
        name: 'reach',
        include: ['test/reach/*.test.ts'],
        maxConcurrency: 4,
      }),
      project({
        name: 'fidelity',
        include: ['test/fidelity/*.test.ts'],
        maxConcurrency: 4,
      }),
      project({
        name: 'faults',
        include: ['test/faults/*.test.ts'],
        // They wait for deadlines most of the time.
        maxConcurrency: 6,
      }),
      project({
        name: 'platforms',
        include: ['test/platforms/*.test.ts'],
        // They wait for npm most of the time.
        maxConcurrency: 3,
      }),
      project({
        name: 'library',
        include: ['test/library/*.test.ts'],
      }),
      // For scripts/interop.js: the end-to-end tests that depend on the version of OpenSSH.
      ...(INTEROP
        ? [
            endToEnd('versions', {
              include: [
                'askpass',
                'control-path',
                'explained',
                'keystrokes',
                'login*',
                'warnings',
                'ssh-words',
                'trust',
              ],
            }),
          ]
        : []),
      ...(SOAK ? [project({ name: 'soak', include: ['test/soak/*.test.ts'] })] : []),
      endToEnd('e2e'),
      // Where no launcher can run, exec goes over the library's client.
      endToEnd('e2e-node', { include: ['exec'], program: 'bin/sshpool.js' }),
      // If it could not be built, scripts/setup.js has said so.
      ...(existsSync(SANITIZED)
        ? [
            endToEnd('e2e-sanitized', {
              include: ['exec', 'launcher*', 'terminal', 'as-ssh'],
              program: SANITIZED,
            }),
          ]
        : []),
    ],
    coverage: { include: ['src/**/*.ts'], reporter: ['text', 'json-summary'] },
  },
});
