// @ts-check
/**
 * The programs of the system: ssh, which sshpool itself runs, and those that tests run against or
 * through the pool. Installs the missing ones if that is harmless (root on Debian and its derivatives),
 * and otherwise reports which tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINES } from './machines.js';

/** sshpool asks `ssh -G` what a host's options are. */
const NEEDED = [{ name: 'ssh', package: 'openssh-client', tests: 'and everything else with ssh' }];

const FOR_TESTS = [
  { name: 'sshd', package: 'openssh-server', tests: 'against a real OpenSSH server' },
  { name: 'dropbear', package: 'dropbear-bin', tests: 'against dropbear' },
  { name: 'rsync', package: 'rsync', tests: 'of rsync through the pool' },
  { name: 'zsh', package: 'zsh', tests: 'of the zsh completion' },
  { name: 'fish', package: 'fish', tests: 'of the fish completion' },
  { name: 'strace', package: 'strace', tests: 'that look at the system calls of a warm call' },
  { name: 'mandoc', package: 'mandoc', tests: 'that check the man page' },
  { name: 'busybox', package: 'busybox', tests: 'of the completion under other shells' },
];

/** For `npm run platforms`: the compilers of scripts/launchers.js, and what runs their programs here. */
const FOR_PLATFORMS = [
  ...MACHINES.map((machine) => ({
    name: `${machine.target}-gcc`,
    package: machine.package,
    tests: `of the launcher for ${machine.name}`,
  })),
  {
    name: 'qemu-arm-static',
    package: 'qemu-user-static',
    tests: 'of launchers for other machines',
  },
];

/** Debian's switch that keeps a package from starting its service. */
const POLICY = '/usr/sbin/policy-rc.d';
const APT = ['-q', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=30'];

/** sshd is in a directory that is not in the PATH of ordinary users. */
function isInstalled(/** @type {string} */ name) {
  const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return directories.some((directory) => existsSync(join(directory, name)));
}

/** With `forTests` also the programs that only the tests need; with `forPlatforms` those of `npm run platforms`. */
export function installSystemPrograms({ forTests = false, forPlatforms = false } = {}) {
  const programs = [
    ...NEEDED,
    ...(forTests ? FOR_TESTS : []),
    ...(forPlatforms ? FOR_PLATFORMS : []),
  ];
  const missing = () => programs.filter(({ name }) => !isInstalled(name));
  const wanted = missing();
  if (wanted.length === 0) return;
  const obstacle = whyNot() ?? install(wanted.map((program) => program.package));
  for (const { name, package: from, tests } of missing()) {
    const reason = obstacle ?? `the package ${from} does not bring it`;
    process.stdout.write(
      `setup: there is no ${name}, so the tests ${tests} are SKIPPED (${reason})\n`,
    );
  }
}

/** Why nothing can be installed here; undefined if it can. */
function whyNot() {
  if (!isInstalled('apt-get')) return 'no apt-get to install it with';
  if (process.getuid?.() !== 0) return 'not root, so it cannot be installed';
  return undefined;
}

/**
 * @param {string[]} packages
 * @returns {string | undefined} what went wrong
 */
function install(packages) {
  process.stdout.write(`setup: installing ${packages.join(', ')}\n`);
  const noServices = forbidServices();
  try {
    aptGet('update');
    // One by one, so that one unknown package does not prevent the others.
    const problems = packages.map((name) =>
      aptGet('install', '-y', '--no-install-recommends', name),
    );
    return problems.find((problem) => problem !== undefined);
  } finally {
    noServices.lift();
    if (packages.includes('openssh-server')) keepServerOff();
  }
}

/** @returns {string | undefined} what went wrong */
function aptGet(/** @type {string[]} */ ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const done = spawnSync('apt-get', [...APT, ...args], { env, encoding: 'utf8' });
  if (done.status === 0) return undefined;
  if (done.signal !== null) throw new Error(`apt-get was ended by ${done.signal}`);
  process.stdout.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  return `apt-get ${args.join(' ')} failed`;
}

const ignore = () => undefined;

/** Tests need the program, not a server on port 22. An existing policy stays. */
function forbidServices() {
  if (existsSync(POLICY)) return { lift() {} };
  // Ctrl-C must end apt-get and not this process, so that lift() is reached.
  process.on('SIGINT', ignore).on('SIGTERM', ignore);
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  return {
    lift() {
      rmSync(POLICY, { force: true });
      process.off('SIGINT', ignore).off('SIGTERM', ignore);
    },
  };
}

/** The package enables its server for the next boot; tests do not need that. */
function keepServerOff() {
  if (!existsSync('/run/systemd/system')) return;
  spawnSync('systemctl', ['disable', '--now', 'ssh.service', 'ssh.socket'], { stdio: 'ignore' });
}
