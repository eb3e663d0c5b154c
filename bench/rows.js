// @ts-check
/** All rows of the benchmark, each with its target. */
import { echoThroughCat, trueInTerminal, trueOver, trueOverOpenssh } from './rows/latency.js';
import { launcherCpu, launcherResident } from './rows/launcher.js';
import { tenInOneProgram } from './rows/library.js';
import { afterManyExecs, idleAgent, perIdleConnection, slowReader } from './rows/memory.js';
import { fromForeignPrefix, fromOwnPrefix, launcherStart } from './rows/package.js';
import { shortSleeps, shortTrues } from './rows/parallel.js';
import { firstCall, nodeClient, secondCall } from './rows/start.js';
import { gitClone, gitFetch, rsyncTree, scpFile, sftpBatch } from './rows/tools.js';
import { download, duringDownload, upload } from './rows/transfer.js';

/**
 * @typedef Bench the environment of a row
 * @property {import('./stage.js').Stage} stage
 * @property {boolean} native whether bin/sshpool is the launcher
 * @property {<T>(sizes: { full: T, quick: T }) => T} size
 */
/** @typedef {import('./measure.js').Figures} Figures */
/**
 * @typedef Outcome
 * @property {number} value compared with the limit
 * @property {Figures} [pool] times in ms
 * @property {Figures} [master]
 * @property {Figures} [cold]
 * @property {string[]} [problems] that miss the target whatever the value is
 * @property {string} [remark]
 */
/**
 * @typedef Row
 * @property {string} name
 * @property {number} [limit] the target: at most this; none if the row has no target
 * @property {string} unit of value and limit, such as `x ControlMaster`
 * @property {(value: number) => string} show
 * @property {(bench: Bench) => Promise<Outcome>} run
 */

const hundredths = (/** @type {number} */ value) => value.toFixed(2);
const thousandths = (/** @type {number} */ value) => value.toFixed(3);
const tenths = (/** @type {number} */ value) => value.toFixed(1);
const toMaster = { unit: 'x ControlMaster', show: hundredths };
const toCold = { unit: 'x ssh' };
const toPlain = { ...toCold, show: hundredths };

/** @type {Row[]} */
export const ROWS = [
  { name: 'true, loopback', limit: 0.6, ...toMaster, run: trueOver('loopback') },
  { name: 'true, 20 ms', limit: 0.55, ...toMaster, run: trueOver('far20') },
  { name: 'true, 100 ms', limit: 0.52, ...toMaster, run: trueOver('far100') },
  {
    name: 'true over the openssh link, loopback',
    limit: 0.6,
    ...toMaster,
    run: trueOverOpenssh('loopback'),
  },
  {
    name: 'true over the openssh link, 20 ms',
    limit: 0.55,
    ...toMaster,
    run: trueOverOpenssh('far20'),
  },
  {
    name: 'true over the openssh link, 100 ms',
    limit: 0.52,
    ...toMaster,
    run: trueOverOpenssh('far100'),
  },
  {
    name: 'true with a terminal (-tt), 100 ms',
    limit: 0.55,
    ...toMaster,
    run: trueInTerminal,
  },
  { name: 'echo x into cat, 100 ms', limit: 0.7, ...toMaster, run: echoThroughCat },
  { name: '400 x true, 8 in parallel', limit: 0.6, ...toMaster, run: shortTrues },
  { name: '400 x sleep 0.1, 30 in parallel', limit: 0.5, ...toMaster, run: shortSleeps },
  { name: '1 GB down', limit: 1, ...toMaster, run: download },
  { name: '1 GB up', limit: 1, ...toMaster, run: upload },
  {
    name: 'short command during a download, 2 MB/s, 20 ms',
    limit: 3,
    unit: 'x idle',
    show: tenths,
    run: duringDownload,
  },
  { name: 'git fetch, nothing new, 20 ms', ...toPlain, run: gitFetch },
  { name: 'git clone of 20 small files, 20 ms', ...toPlain, run: gitClone },
  { name: 'rsync of 20 small files, 20 ms', ...toPlain, run: rsyncTree },
  { name: 'sftp batch of 4 commands, 20 ms', ...toPlain, run: sftpBatch },
  { name: 'scp of 200 MB up', ...toPlain, run: scpFile },
  {
    name: 'second call over a new ssh, loopback',
    limit: 1 / 40,
    ...toCold,
    show: thousandths,
    run: secondCall,
  },
  {
    name: 'library, 10 in one program, over a new ssh for each',
    limit: 1 / 40,
    ...toCold,
    show: thousandths,
    run: tenInOneProgram,
  },
  {
    name: 'first call, no agent, over a new ssh',
    limit: 1,
    ...toCold,
    show: hundredths,
    run: firstCall,
  },
  {
    name: 'Node client over node -e 0',
    limit: 1.35,
    unit: 'x node -e 0',
    show: hundredths,
    run: nodeClient,
  },
  { name: 'agent resident, idle', limit: 70, unit: 'MB', show: tenths, run: idleAgent },
  {
    name: 'agent resident, per idle connection of 100',
    limit: 200,
    unit: 'KB',
    show: tenths,
    run: perIdleConnection,
  },
  {
    name: 'agent resident, 1 GB to a slow reader',
    limit: 150,
    unit: 'MB',
    show: tenths,
    run: slowReader,
  },
  {
    name: 'agent after 10,000 execs, over after 1,000',
    limit: 15,
    unit: 'MB more',
    show: tenths,
    run: afterManyExecs,
  },
  {
    name: 'true, package of npm 12 in the own prefix',
    limit: 0.6,
    ...toMaster,
    run: fromOwnPrefix,
  },
  {
    name: 'true, package of npm 12 in a prefix of root',
    limit: 0.8,
    ...toMaster,
    run: fromForeignPrefix,
  },
  {
    name: "the package's launcher over one built here",
    limit: 1,
    unit: 'x',
    show: hundredths,
    run: launcherStart,
  },
  { name: 'launcher, processor time', limit: 2, unit: 'ms', show: hundredths, run: launcherCpu },
  { name: 'launcher, resident', limit: 3, unit: 'MB', show: hundredths, run: launcherResident },
];
