// @ts-check
/**
 * A program that uses the library as its users do: ten commands, one after the other. Prints how long
 * each took, in milliseconds, and what the pool counted.
 */
import { executeSSHCommand, SSHConnectionPool } from '../dist/index.js';

const [configFile = '', host = ''] = process.argv.slice(2);
const pool = new SSHConnectionPool({ configFile });
/** @type {number[]} */
const times = [];
for (let i = 0; i < 10; i += 1) {
  const startedAt = performance.now();
  await executeSSHCommand({ name: host, host, protocol: 'ssh' }, 'true', 30_000, { pool });
  times.push(performance.now() - startedAt);
}
const { poolHits, poolMisses } = pool.getStats();
process.stdout.write(JSON.stringify({ times, poolHits, poolMisses }));
