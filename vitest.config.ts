import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

/** Set by scripts/soak.js: no other run makes that load. */
const SOAK = process.env['SSHPOOL_SOAK_MINUTES'] !== undefined;
/** Set by scripts/interop.js. */
const INTEROP = process.env['SSHPOOL_INTEROP'] !== undefined;
const SANITIZED = 'bin/sshpool-sanitized';

/** Tests over the built program; `program` is another one than the launcher. */
function endToEnd(
  name: string,
  {
    include = ['*'],
    exclude = [],
    program,
  }: { include?: string[]; exclude?: string[]; program?: string } = {},
): TestProjectConfiguration {
  return {
    test: {
      name,
      include: include.map((file) => `test/e2e/${file}.test.ts`),
      exclude: exclude.map((file) => `test/e2e/${file}.test.ts`),
      testTimeout: 60_000,
      hookTimeout: 60_000,
      env: program === undefined ? {} : { SSHPOOL_TEST_PROGRAM: program },
    },
  };
}

export default defineConfig({
  test: {
    // They wait for others for half of their time: with one worker a processor the processors of a
    // small machine did nothing for that half, and the run took twice as long.
    maxWorkers: availableParallelism() + 2,
    projects: [
      {
        // Property tests make many of them, on a machine that is busy with others.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        test: { name: 'interop', include: ['test/interop/*.test.ts'], testTimeout: 60_000 },
      },
      {
        test: {
          name: 'reach',
          include: ['test/reach/*.test.ts'],
          testTimeout: 60_000,
          maxConcurrency: 4,
        },
      },
      {
        test: {
          name: 'fidelity',
          include: ['test/fidelity/*.test.ts'],
          testTimeout: 60_000,
          maxConcurrency: 4,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/*.test.ts'],
          // They wait for deadlines most of the time.
          maxConcurrency: 6,
        },
      },
      {
        test: {
          name: 'library',
          include: ['test/library/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      // For scripts/interop.js: of the tests over the program those that look at versions.
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
      ...(SOAK ? [{ test: { name: 'soak', include: ['test/soak/*.test.ts'] } }] : []),
      endToEnd('e2e'),
      // What the launcher does the Node client does as well, for where there is no C compiler.
      endToEnd('e2e-node', {
        // Those that run no program of ours themselves, and those that are about the launcher or the
        // agent alone.
        exclude: [
          ...['support*', 'launcher*', 'package', 'ssh-call', 'ssh-words', 'compose', 'docker'],
          ...['agent-faults', 'half-sent', 'login', 'login-count', 'devices'],
        ],
        program: 'bin/sshpool.js',
      }),
      // scripts/setup.js has said so where it could not be built.
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
