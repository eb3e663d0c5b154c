// @ts-check
/**
 * The user that the commands run as. Its home is empty: a slow .bashrc takes longer than the times
 * measured here. Root creates a user for the time of the run; another user runs them as itself, with
 * HOME set to an empty directory by the server.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { end, processesOf } from './processes.js';

const PREFIX = 'sshpool-bench-';

/** @typedef {{ name: string, home: string, serverOptions: readonly string[], remove: () => Promise<void> }} LoginUser */

/** @param {string} home is made here @returns {LoginUser} */
export function makeLoginUser(home) {
  mkdirSync(home, { mode: 0o755 });
  if (process.getuid?.() === 0) return makeSystemUser(home);
  const { username } = userInfo();
  return {
    name: username,
    home,
    serverOptions: [`SetEnv HOME=${home}`],
    remove: () => Promise.resolve(),
  };
}

/** @param {string} home @returns {LoginUser} */
function makeSystemUser(home) {
  removeStale();
  const name = `${PREFIX}${process.pid}`;
  // '*' matches no password; sshd takes the default '!' for a locked account.
  // A system user: others get ranges in /etc/subuid and a mailbox.
  const words = ['-r', '-M', '-d', home, '-s', '/bin/sh', '-p', '*', name];
  administer('useradd', words);
  const ids = userIds(name);
  chownSync(home, ids.uid, ids.gid);
  const remove = async () => {
    // userdel refuses while one of its processes runs.
    await end(processesOf(ids.uid));
    if (accounts().includes(name)) administer('userdel', [name]);
  };
  return { name, home, serverOptions: [], remove };
}

/** @param {string} program @param {readonly string[]} words */
function administer(program, words) {
  const directories = ['/usr/sbin', '/sbin', '/usr/bin'];
  const found = directories.map((dir) => `${dir}/${program}`).find(existsSync);
  if (found === undefined) throw new Error(`there is no ${program}: run this as an ordinary user`);
  const { status, stderr } = spawnSync(found, words, { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} failed: ${stderr.trim()}`);
}

/** @param {string} name */
function userIds(name) {
  const fields = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
  if (fields === undefined) throw new Error(`useradd made no user ${name} in /etc/passwd`);
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** The users that this program created, by their names. */
function accounts() {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':')[0] ?? '')
    .filter((name) => name.startsWith(PREFIX));
}

/** Users of runs that were killed before they could clean up. */
function removeStale() {
  for (const name of accounts()) {
    if (existsSync(`/proc/${name.slice(PREFIX.length)}`)) continue;
    try {
      administer('userdel', [name]);
    } catch {
      // Its processes may still run; the benchmark goes on.
    }
  }
}
