// @ts-check
/** `npm run soak`: test/soak for ten minutes, or as many as `--minutes` says. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @param {string} text */
function readMinutes(text) {
  const minutes = Number(text);
  if (minutes > 0 && minutes <= 24 * 60) return minutes;
  throw new Error(`--minutes ${text}: must be a number above 0 and up to 1440`);
}

try {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
  const env = { ...process.env, SSHPOOL_SOAK_MINUTES: String(readMinutes(values.minutes)) };
  const args = ['vitest', 'run', '--project', 'soak'];
  process.exitCode = spawnSync('npx', args, { cwd: root, stdio: 'inherit', env }).status ?? 1;
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
