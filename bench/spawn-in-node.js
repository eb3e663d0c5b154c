// @ts-check
/** spawn.c in Node, for machines without a C compiler. Slower, equally for all contenders. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** @type {import('./spawn.js').Timer} */
export async function timeWithNode(contenders, rounds, settings) {
  /** @type {import('./spawn.js').Run[]} */
  const runs = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      if ((round + 1) % contender.every !== 0) continue;
      let [left, failed, status] = [contender.times, 0, 0];
      const startedAt = performance.now();
      const lane = async () => {
        while (left > 0) {
          left -= 1;
          const code = await runWithNode(contender, settings);
          if (code === 0) continue;
          failed += 1;
          status = code;
        }
      };
      await Promise.all(Array.from({ length: contender.parallel }, lane));
      const ms = performance.now() - startedAt;
      const unknown = { cpuMs: undefined, residentBytes: undefined };
      runs.push({ contender: index, round, ms, failed, status, ...unknown });
    }
  }
  return runs;
}

/** @param {import('./spawn.js').Contender} contender @param {import('./spawn.js').Settings} settings @returns {Promise<number>} */
function runWithNode({ argv: [program = '', ...args], stdin, stdout, stderr }, settings) {
  settings.signal.throwIfAborted();
  const given = stdin.startsWith('=') ? stdin.slice(1) : undefined;
  const files = [given === undefined ? openSync(stdin, 'r') : undefined];
  files.push(openSync(stdout, 'a', 0o600), openSync(stderr, 'a', 0o600));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: settings.env,
      stdio: files.map((fd) => fd ?? 'pipe'),
      detached: true,
    });
    const kill = () => child.kill('SIGKILL');
    const timer = setTimeout(kill, settings.seconds * 1000);
    settings.signal.addEventListener('abort', kill);
    const done = () => {
      clearTimeout(timer);
      settings.signal.removeEventListener('abort', kill);
    };
    for (const fd of files) if (fd !== undefined) closeSync(fd);
    child.stdin?.on('error', () => undefined).end(given);
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('close', (code) => {
      done();
      if (settings.signal.aborted) reject(/** @type {Error} */ (settings.signal.reason));
      else resolve(code ?? 137);
    });
  });
}
