// @ts-check
/** Tools that run ssh, each with plain ssh and with sshpool in its place. */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../contenders.js';
import { checkSucceeded, figures, pairedRatio, time } from '../measure.js';

/** @typedef {import('../stage.js').Stage} Stage */
/** @typedef {import('../network.js').PathName} PathName */
/** How a tool starts ssh: a program for `-S`, a command, and the host. */
/** @typedef {{ name: string, program: string, command: string, host: string, options: string[] }} Way */
/**
 * @typedef Tool
 * @property {PathName} path
 * @property {(stage: Stage, host: string) => Promise<unknown>} prepare
 * @property {(way: Way, dir: string) => string[]} argv
 * @property {{ full: number, quick: number }} rounds
 * @property {number} [seconds] the longest that one run may take
 */

const FILES = 20;
const BIG = 200_000_000;
const AUTHOR = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.invalid'];

/** @param {Tool} tool @returns {import('../rows.js').Row['run']} */
function through(tool) {
  return async ({ stage, size }) => {
    const { config, dir } = stage;
    await tool.prepare(stage, tool.path);
    await stage.startMaster(tool.path);
    const link = join(dir, 'sshpool-ssh');
    symlinkOnce(PROGRAM, link);
    const way = (
      /** @type {string} */ name,
      /** @type {string} */ program,
      /** @type {string} */ host,
    ) => {
      const command = `${program} -F ${config}`;
      return tool.argv(
        { name, program, command, host, options: ['-S', program, '-F', config] },
        dir,
      );
    };
    const entrants = {
      pool: { argv: way('pool', link, tool.path) },
      master: { argv: way('master', '/usr/bin/ssh', `master-${tool.path}`) },
      cold: { argv: way('cold', '/usr/bin/ssh', tool.path) },
    };
    const plan = { rounds: size(tool.rounds), warmUps: 1, seconds: tool.seconds ?? 30 };
    const measured = await time(stage, entrants, plan);
    checkSucceeded(measured);
    const { pool, master, cold } = measured;
    return {
      value: pairedRatio(pool, cold),
      pool: figures(pool),
      master: figures(master),
      cold: figures(cold),
    };
  };
}

/** @param {string} target @param {string} file */
function symlinkOnce(target, file) {
  try {
    symlinkSync(target, file);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
}

/** A directory of small files, made once. @param {string} dir */
function makeTree(dir) {
  mkdirSync(dir, { recursive: true });
  for (let i = 0; i < FILES; i += 1) {
    writeFileSync(join(dir, `file-${i}`), `${i}\n`.repeat(2000));
  }
}

/** The same files as a repository on the host, and a clone of it on this machine. @param {Stage} stage @param {string} host */
async function makeRepository({ config, dir, call }, host) {
  const [work, ssh] = [join(dir, 'work'), ['ssh', '-F', config, host]];
  makeTree(work);
  const git = (/** @type {string[]} */ ...words) =>
    call(['git', '-C', work, '-c', `core.sshCommand=ssh -F ${config}`, ...AUTHOR, ...words]);
  await call([...ssh, 'rm -rf repository; git init -q --bare -b main repository']);
  await git('init', '-q', '-b', 'main');
  await git('add', '.');
  await git('commit', '-q', '--allow-empty', '-m', 'All');
  await git('push', '-q', '-f', `${host}:repository`, 'main');
}

const LIGHT = { full: 20, quick: 2 };

export const gitFetch = through({
  path: 'far20',
  prepare: makeRepository,
  argv: ({ command, host }, dir) => [
    ...['git', '-C', join(dir, 'work'), '-c', `core.sshCommand=${command}`],
    ...['fetch', '-q', `${host}:repository`, 'main'],
  ],
  rounds: LIGHT,
});

export const gitClone = through({
  path: 'far20',
  prepare: makeRepository,
  argv: ({ command, host, name }, dir) => [
    ...['sh', '-c', 'rm -rf "$3" && exec git -c "core.sshCommand=$1" clone -q "$2" "$3"', 'sh'],
    ...[command, `${host}:repository`, join(dir, `clone-${name}`)],
  ],
  rounds: LIGHT,
});

export const rsyncTree = through({
  path: 'far20',
  prepare: ({ dir }) => Promise.resolve(makeTree(join(dir, 'tree'))),
  // Each run sends all files.
  argv: ({ command, host, name }, dir) => [
    ...['rsync', '-a', '--no-o', '--no-g', '--delete', '--ignore-times', '--whole-file'],
    ...['-e', command, `${join(dir, 'tree')}/`, `${host}:tree-${name}/`],
  ],
  rounds: LIGHT,
});

export const sftpBatch = through({
  path: 'far20',
  prepare: ({ dir }) => {
    makeTree(join(dir, 'tree'));
    const lines = [`put ${dir}/tree/file-1`, 'ls', `get file-1 ${dir}/back`, 'rm file-1'];
    writeFileSync(join(dir, 'batch'), `${lines.join('\n')}\n`);
    return Promise.resolve();
  },
  argv: ({ options, host }, dir) => ['sftp', '-q', ...options, '-b', join(dir, 'batch'), host],
  rounds: LIGHT,
});

export const scpFile = through({
  path: 'loopback',
  prepare: ({ dir }) => {
    // A sparse file, which reads as zeros.
    writeFileSync(join(dir, 'big'), '');
    truncateSync(join(dir, 'big'), BIG);
    return Promise.resolve();
  },
  argv: ({ options, host }, dir) => ['scp', '-q', ...options, join(dir, 'big'), `${host}:big`],
  rounds: { full: 7, quick: 1 },
  seconds: 120,
});
