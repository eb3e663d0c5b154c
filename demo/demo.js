// @ts-check
/**
 * `sshpool demo`: measures the gain of a warm connection on this machine, against a server of its own
 * (ssh2's, on loopback) and, if OpenSSH's is installed, against that one beside plain ssh. Everything
 * is in a temporary directory and ends with the demo, also on Ctrl-C.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingClient, startDemoSshd } from './real-sshd.js';
import { startEmbeddedServer } from './embedded-server.js';
import { writeHost } from './host-files.js';

const PROGRAM = fileURLToPath(new URL('../bin/sshpool', import.meta.url));
const WARM_CALLS = 20;
const COMPARED_CALLS = 5;
/** A hung call must not hang the demo. */
const CALL_MS = 20_000;

const median = (/** @type {readonly number[]} */ values) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const whole = (/** @type {number} */ ms) => `${Math.round(ms)}`;
const print = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** The path of a unix socket has at most 103 bytes. */
const LONGEST_TMPDIR = 50;
const temporary = () => (tmpdir().length > LONGEST_TMPDIR ? '/tmp' : tmpdir());

/** What one demo has made, and ends. */
class Stage {
  dir = mkdtempSync(join(temporary(), 'sshpool-demo-'));
  /** Run in reverse order. @type {(() => Promise<unknown>)[]} */
  cleanUps = [];
  stopping = new AbortController();
  env = this.#environment();

  /** The defaults of sshpool, without the user's own settings; a call that ssh made would give a false figure. */
  #environment() {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SSH_POOL_'));
    const own = { SSH_POOL_RUNTIME_DIR: join(this.dir, 'run'), SSH_POOL_FALLBACK: 'off' };
    return { ...Object.fromEntries(inherited), ...own };
  }

  /**
   * Runs a program to its end.
   *
   * @param {string} program
   * @param {readonly string[]} args
   * @returns {Promise<{ stdout: string, ms: number }>}
   */
  run(program, args) {
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const child = spawn(program, args, {
        env: this.env,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: CALL_MS,
        // A process group of its own: Ctrl-C reaches only the demo, which then ends its children.
        detached: true,
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stderr += text));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        const ms = performance.now() - startedAt;
        if (code === 0) resolve({ stdout, ms });
        else
          reject(new Error(`${program} ${args.join(' ')}: ${signal ?? code}\n${stdout}${stderr}`));
      });
    });
  }

  /** Runs a call that must print `hello`; its time in ms. @param {readonly string[]} words */
  async call([program = '', ...args]) {
    const { stdout, ms } = await this.run(program, [...args, 'echo hello']);
    if (stdout !== 'hello\n') throw new Error(`not hello, but: ${stdout}`);
    // Checked after the call, so that no call is interrupted while its agent is starting.
    this.stopping.signal.throwIfAborted();
    return ms;
  }

  /** @param {number} times @param {readonly string[]} words */
  async calls(times, words) {
    const taken = [];
    for (let i = 0; i < times; i += 1) taken.push(await this.call(words));
    return taken;
  }

  /** Whether everything could be ended. */
  async cleanUp() {
    let clean = true;
    const stopAgent = () => this.run(PROGRAM, ['agent', 'stop', '--force']);
    // The agent first: it is connected to the servers.
    for (const undo of [stopAgent, ...this.cleanUps.toReversed()]) {
      await undo().catch((/** @type {unknown} */ error) => {
        clean = false;
        process.stderr.write(`demo: ${String(error)}\n`);
      });
    }
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
    return clean;
  }
}

/** @param {Stage} stage */
async function embedded(stage) {
  const server = await startEmbeddedServer();
  stage.cleanUps.push(() => server.close());
  const config = writeHost(stage.dir, 'demo', server);
  const words = [PROGRAM, 'exec', '-F', config, 'demo', '--'];

  print(
    `A server of the demo's own on 127.0.0.1:${server.port}, a new connection and ${WARM_CALLS} warm calls:`,
  );
  print(`$ sshpool exec demo -- echo hello`);
  print(`cold   ${whole(await stage.call(words))} ms, the start of the agent included`);
  const warm = await stage.calls(WARM_CALLS, words);
  print(`warm   ${warm.map(whole).join(' ')} ms`);
  print(`median ${whole(median(warm))} ms`);
  print('');
  print('$ sshpool stats');
  print((await stage.run(PROGRAM, ['stats'])).stdout);
  checkStats((await stage.run(PROGRAM, ['stats', '--json'])).stdout);
  print('$ sshpool close demo');
  print((await stage.run(PROGRAM, ['close', 'demo'])).stdout);
}

/** All calls must use one connection. @param {string} text */
function checkStats(text) {
  const { totals } = /** @type {{ totals: { poolMisses: number, poolHits: number } }} */ (
    JSON.parse(text)
  );
  const { poolMisses, poolHits } = totals;
  if (poolMisses === 1 && poolHits === WARM_CALLS) return;
  throw new Error(`expected 1 miss and ${WARM_CALLS} hits, and got ${poolMisses} and ${poolHits}`);
}

/** @param {Stage} stage */
async function besideSsh(stage) {
  const sshd = await startDemoSshd(stage.dir);
  if (typeof sshd === 'string') {
    print(`Not compared with ssh: ${sshd}.`);
    return;
  }
  stage.cleanUps.push(() => sshd.close());
  const config = writeHost(stage.dir, 'real', sshd);
  const refused = await stage
    .run('ssh', ['-F', config, 'real', 'true'])
    .then(() => undefined, String);
  if (refused !== undefined) {
    print(`Not compared with ssh: it does not reach the OpenSSH server.\n${refused}`);
    return;
  }
  const control = join(stage.dir, 'control');
  const ssh = ['ssh', '-F', config];
  const master = [...ssh, '-S', control, '-o', 'ControlMaster=auto', '-o', 'ControlPersist=30'];
  // Registered before the master exists: an interrupted call may have left one.
  stage.cleanUps.push(() =>
    stage.run('ssh', ['-F', config, '-S', control, '-O', 'exit', 'real']).catch(() => 0),
  );

  /** @type {readonly (readonly [name: string, words: readonly string[]])[]} */
  const ways = [
    ['ssh real', [...ssh, 'real']],
    ['ssh with ControlMaster', [...master, 'real']],
    ['sshpool exec real', [PROGRAM, 'exec', '-F', config, 'real', '--']],
  ];
  print(`The same against the OpenSSH server of this machine (median of ${COMPARED_CALLS}):`);
  print(`${''.padEnd(24)}${'first'.padStart(10)}${'then'.padStart(10)}`);
  for (const [name, words] of ways) {
    const first = await stage.call(words);
    const then = median(await stage.calls(COMPARED_CALLS, words));
    print(
      `${name.padEnd(24)}${`${whole(first)} ms`.padStart(10)}${`${whole(then)} ms`.padStart(10)}`,
    );
  }
}

/** Resolves to the exit status. */
export async function demo() {
  const missing = missingClient();
  if (missing !== undefined) {
    process.stderr.write(`demo: ${missing}\n`);
    return 1;
  }
  /** @type {Stage} */
  let stage;
  try {
    stage = new Stage();
  } catch (error) {
    process.stderr.write(`demo: no temporary directory (TMPDIR): ${String(error)}\n`);
    return 1;
  }
  const { signal } = stage.stopping;
  process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ { code }) => {
    stage.stopping.abort(`its output cannot be written (${code ?? 'error'})`);
  });
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => stage.stopping.abort(`stopped by ${name}`));
  }
  /** @type {string | undefined} */
  let failure;
  try {
    await embedded(stage);
    await besideSsh(stage);
  } catch (error) {
    failure = signal.aborted ? String(signal.reason) : String(error);
  }
  const clean = await stage.cleanUp();
  if (failure !== undefined) process.stderr.write(`demo: ${failure}\n`);
  return clean && failure === undefined ? 0 : 1;
}
