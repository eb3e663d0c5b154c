/** What the agent's own program and `sshpool agent run` have in common, once the agent has started. */
import { setFlagsFromString } from 'node:v8';
import { describe } from '../base/errors.ts';
import { compileLauncher } from './compile-launcher.ts';
import type { Agent } from './lifecycle.ts';
import { guardProcess } from './process.ts';

/** By then the call that started the agent has loaded what it needs. */
const REST_MS = 500;

/** What the start did not need. Not left to later calls: an update may have replaced the files by then. */
async function loadTheRest(): Promise<void> {
  await Promise.all([
    import('../ssh/connect-link.ts'),
    import('../ssh/openssh/connect.ts'),
    import('../ssh/transport/proxy.ts'),
    import('./method-params.ts'),
    import('./single-servers-schema.ts'),
    import('../config/settings/settings-schema.ts'),
  ]);
  // Only now: with changed flags Node would compile its built-in modules again.
  for (const flag of V8_FLAGS) setFlagsFromString(flag);
}

/**
 * Compiling at the first run saves 1 ms for each of the first hundred calls. With a young generation that may
 * grow, a thousand calls left 30 MB of garbage and were no faster.
 */
const V8_FLAGS = ['--always-sparkplug', '--semi-space-growth-factor=1'];

/** Without its package it cannot serve all calls; the next one finds the new package, if there is one. */
function missPart(agent: Agent, thrown: unknown): void {
  if ((thrown as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') {
    return agent.log.fault(thrown);
  }
  agent.log.info('its package was removed or replaced while it started');
  agent.stop({ force: false });
}

function compileForUser({ log }: Agent): void {
  try {
    compileLauncher(process.env, process.getuid?.() ?? 0);
  } catch (thrown) {
    log.info(`no launcher is compiled: ${describe(thrown)}`);
  }
}

/** Resolves when the agent is gone. */
export async function serve(agent: Agent): Promise<void> {
  guardProcess(agent);
  setTimeout(() => {
    loadTheRest().then(
      () => compileForUser(agent),
      (thrown: unknown) => missPart(agent, thrown),
    );
  }, REST_MS).unref();
  // SIGHUP: the terminal of the starter was closed. SIGUSR1 would open Node's debugger to all users.
  for (const name of ['SIGHUP', 'SIGUSR1'] as const) process.on(name, () => undefined);
  await agent.gone;
}
