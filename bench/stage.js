// @ts-check
/**
 * The environment of the contenders: a server, a user, relays, an ssh_config and variables, in a
 * directory of its own. All processes that it starts, and their children, end with it.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM, writeConfig } from './contenders.js';
import { makeLoginUser } from './login-user.js';
import { startNetwork } from './network.js';
import { end, processesNaming } from './processes.js';
import { run } from './run.js';
import { startServer } from './server.js';
import { compileTimer, makeTimer } from './spawn.js';

/**
 * @typedef Stage
 * @property {string} dir
 * @property {Record<string, string>} env
 * @property {string} config
 * @property {import('./network.js').Network} network
 * @property {import('./spawn.js').Timer} timer
 * @property {boolean} compiled whether the timer is the C program
 * @property {AbortSignal} signal
 * @property {(argv: readonly string[], env?: Record<string, string>) => Promise<string>} call
 *   runs a program that is not timed; its output
 * @property {(argv: readonly string[], stdout: 'ignore' | 'pipe') => import('node:child_process').ChildProcess} background
 *   starts one that the end of a row ends
 * @property {(path: import('./network.js').PathName) => Promise<void>} startMaster
 * @property {() => Promise<void>} rest ends agent, masters and background programs
 * @property {() => Promise<void>} remove
 */

/** @param {AbortSignal} signal @returns {Promise<Stage>} */
export async function buildStage(signal) {
  // Short: the path of a unix socket has at most 103 bytes, and ssh adds 17 for its own.
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'sshpool-bench-')));
  /** Run in reverse order. @type {(() => unknown)[]} */
  const undo = [
    () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }),
    () => end(processesNaming(dir)),
  ];
  const remove = async () => {
    for (const step of undo.splice(0).toReversed()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`bench: cleaning up: ${String(error)}\n`);
        process.exitCode = 1;
      }
    }
  };
  try {
    // The login user has to get to its home and to the authorized keys.
    chmodSync(dir, 0o711);
    for (const name of ['home', 'run']) mkdirSync(join(dir, name), { mode: 0o700 });
    const user = makeLoginUser(join(dir, 'remote'));
    undo.push(() => user.remove());
    const server = await startServer(join(dir, 'server'), user);
    undo.push(() => server.stop());
    const network = await startNetwork(server.port);
    undo.push(() => network.stop());
    const config = writeConfig(dir, { user: user.name, ...server, ports: network.ports });
    const program = compileTimer(dir);
    const acting = actors(dir, config, signal);
    undo.push(acting.rest);
    signal.throwIfAborted();
    const timer = makeTimer(program);
    return {
      ...{ dir, config, network, timer, signal, remove },
      ...acting,
      compiled: program !== undefined,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const CERTIFICATES = process.env['NODE_EXTRA_CA_CERTS'];

/** The functions that run programs. @param {string} dir @param {string} config @param {AbortSignal} signal */
function actors(dir, config, signal) {
  // Without the user's ssh_config, key agent and sshpool settings.
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: join(dir, 'home'),
    SSH_POOL_RUNTIME_DIR: join(dir, 'run'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    // Kept, since Node reads it at every start on this machine.
    ...(CERTIFICATES === undefined ? {} : { NODE_EXTRA_CA_CERTS: CERTIFICATES }),
  };
  /** @type {Set<import('node:child_process').ChildProcess>} */
  const running = new Set();
  /** @type {Set<string>} */
  const masters = new Set();

  /** @type {Stage['call']} */
  const call = (argv, more) => run(argv, { ...env, ...more }, signal);

  /** @type {Stage['background']} */
  const background = ([program = '', ...args], stdout) => {
    const child = spawn(program, args, {
      env,
      stdio: ['ignore', stdout, 'ignore'],
      detached: true,
    });
    running.add(child);
    child.once('close', () => running.delete(child)).once('error', () => running.delete(child));
    return child;
  };

  /** @type {Stage['startMaster']} */
  const startMaster = async (path) => {
    if (masters.has(`master-${path}`)) return;
    masters.add(`master-${path}`);
    await call(['ssh', '-F', config, `master-${path}`, 'true']);
  };

  const rest = async () => {
    await end([...running].flatMap(({ pid }) => pid ?? []));
    // Failures are ignored: the end of the run kills remaining processes by their pid.
    await run([PROGRAM, 'agent', 'stop', '--force'], env).catch(() => '');
    for (const name of masters) {
      await run(['ssh', '-F', config, '-O', 'exit', name], env).catch(() => '');
    }
    masters.clear();
  };
  return { env, call, background, startMaster, rest };
}
