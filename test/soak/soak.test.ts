/**
 * `npm run soak`: mixed load on one agent for ten minutes, with faults; samples the resources of
 * the agent every ten seconds. Fails for a failure that no fault explains, for memory that grows and for
 * anything that is left. A run of ten minutes or more writes docs/RELIABILITY.md.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { seeded } from '../support/random.ts';
import { writeSection } from '../support/reliability.ts';
import { runCli } from '../support/cli.ts';
import { until } from '../support/process.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { poolStats } from '../support/stats.ts';
import { Load } from './load.ts';
import { showSample, takeSample, type Sample } from './samples.ts';
import { judge, render } from './summary.ts';
import { makeFault, startTargets, type Target } from './targets.ts';

const MINUTES = Number(process.env['SSHPOOL_SOAK_MINUTES'] ?? 10);
const TARGETS = 6;
/** Minimum time between calls: fewer than 20 in a second. */
const PACE_MS = 60;
const MOST_RUNNING = 30;
const SAMPLE_MS = 10_000;
/** The rest of each minute is idle, longer than the idle timeout of connections. */
const LOAD_MS = 42_000;
const IDLE_TIMEOUT_MS = 8000;
const FAULT_MS = 14_000;
const ENV = { SSH_POOL_IDLE_TIMEOUT_MS: String(IDLE_TIMEOUT_MS) };

const print = (line: string): void => void process.stdout.write(`${line}\n`);

it(`soak, ${MINUTES} minutes`, { timeout: (MINUTES + 5) * 60_000 }, async ({ signal }) => {
  const sandbox = createSandbox();
  const leftovers: string[] = [];
  const problems: string[] = [];
  try {
    const { targets, config } = await startTargets(sandbox, TARGETS);
    await runCli(sandbox, ['agent', 'start'], { env: ENV });
    const first = await takeSample(sandbox, 0);
    const load = new Load(sandbox, config, ENV);
    const samples = await run(sandbox, targets, load, signal);
    await until(() => load.running === 0, 'all calls end', 120_000);
    await until(
      async () => (await poolStats(sandbox)).totals.totalConnections === 0,
      'idle connections are closed',
      60_000,
    ).catch((error: unknown) => leftovers.push(String(error)));
    const last = await takeSample(sandbox, Math.round(MINUTES * 60));
    samples.push(last);
    print(showSample(last));
    problems.push(...load.unexpected, ...judge([first, ...samples]));
    const table = render(MINUTES, load, [first, ...samples], leftovers);
    print(table);
    if (MINUTES >= 10 && !signal.aborted) writeSection('soak', table);
  } finally {
    await Promise.resolve(sandbox[Symbol.asyncDispose]()).catch((error: unknown) =>
      leftovers.push(String(error)),
    );
  }
  expect([...problems, ...leftovers]).toEqual([]);
});

async function run(
  sandbox: Sandbox,
  targets: readonly Target[],
  load: Load,
  signal: AbortSignal,
): Promise<Sample[]> {
  const seed = Date.now() % 1_000_000;
  print(`seed ${seed}`);
  const random = seeded(seed);
  const any = (): Target => {
    const target = targets[Math.floor(random() * targets.length)];
    if (target === undefined) throw new Error('there are no targets');
    return target;
  };
  const samples: Sample[] = [];
  const calls: Promise<void>[] = [];
  const faults: Promise<void>[] = [];
  const startedAt = performance.now();
  let [sampleAt, faultAt] = [SAMPLE_MS, FAULT_MS];
  for (let now = 0; now < MINUTES * 60_000 && !signal.aborted;) {
    const isLoad = now % 60_000 < LOAD_MS;
    if (isLoad && load.running < MOST_RUNNING) calls.push(load.call(any(), random()));
    if (isLoad && now >= faultAt) {
      faults.push(makeFault(any(), random() < 0.5));
      faultAt = now + FAULT_MS;
    }
    if (now >= sampleAt) {
      const sample = await takeSample(sandbox, Math.round(now / 1000));
      print(showSample(sample));
      samples.push(sample);
      sampleAt += SAMPLE_MS;
    }
    await pause(PACE_MS);
    now = performance.now() - startedAt;
  }
  await Promise.all([...calls, ...faults]);
  return samples;
}
