// @ts-check
/**
 * `npm run interop`: the tests beside other versions of OpenSSH, as client and as server, and with servers
 * that are not OpenSSH. It reports what this machine cannot run. With arguments, only the named
 * pairs, such as `10.6/9.2` (client, server).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const script = (/** @type {string} */ name) => join(root, 'scripts', 'interop', name);
/** Kept between runs, since fetching takes long. */
const TREES = join(tmpdir(), 'sshpool-openssh');

/** Debian's suites, by the version of OpenSSH that is wanted from them; a suite may move to a later one. */
const SUITES = { '10.0': 'trixie', 10.6: 'sid' };
const OTHER_SERVERS = [
  ...['tinysshd', 'python3-asyncssh', 'python3-paramiko'],
  ...['golang-go', 'golang-golang-x-crypto-dev'],
];

/** Tests that depend on the versions of ssh and sshd. */
const OF_PAIR = ['reach', 'fidelity', 'faults'];
/** Tests that depend on the version of ssh: they run once for each, beside the newest sshd. */
const OF_CLIENT = ['interop', 'versions'];

const say = (/** @type {string} */ line) => process.stdout.write(`interop: ${line}\n`);

/** @returns {boolean} */
function run(/** @type {string} */ program, /** @type {string[]} */ ...args) {
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SSHPOOL_INTEROP: '1' },
  });
  return status === 0;
}

/** Why other versions cannot be fetched or mounted over the machine's own; undefined if they can. */
function whyNot() {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/usr/bin/apt-get')) return 'no apt-get';
  if (!existsSync('/usr/bin/unshare')) return 'no unshare';
  const { status } = spawnSync('unshare', ['--mount', '--propagation', 'private', 'true']);
  return status === 0 ? undefined : 'no mount namespaces here';
}

/** The version of an ssh, such as `10.6`. */
function versionOf(/** @type {string} */ program) {
  const { stderr } = spawnSync(program, ['-V'], { encoding: 'utf8' });
  return /OpenSSH_(\d+\.\d+)/.exec(stderr ?? '')?.[1];
}

/** The unpacked trees, by their versions; `-` is the machine's own. */
function trees() {
  /** @type {Map<string, string>} */
  const found = new Map([[versionOf('ssh') ?? 'own', '-']]);
  mkdirSync(TREES, { recursive: true, mode: 0o755 });
  for (const [wanted, suite] of Object.entries(SUITES)) {
    const tree = join(TREES, suite);
    const ssh = join(tree, 'usr', 'bin', 'ssh');
    const isThere = existsSync(ssh) || run(script('get-openssh.sh'), suite, tree);
    const version = isThere ? versionOf(ssh) : undefined;
    if (version === undefined) say(`OpenSSH ${wanted} is SKIPPED: ${suite} could not be fetched`);
    else if (!found.has(version)) found.set(version, tree);
  }
  return found;
}

const obstacle = whyNot();
if (obstacle !== undefined) {
  say(`other versions and servers are SKIPPED: ${obstacle}`);
  process.exit(run('npx', 'vitest', 'run', '--project', 'interop') ? 0 : 1);
}
run(
  'apt-get',
  '-q',
  '-q',
  '-y',
  'install',
  '--no-install-recommends',
  'patchelf',
  ...OTHER_SERVERS,
);
const versions = trees();
const wanted = process.argv.slice(2);
const newest = [...versions.keys()].at(-1);
/** @type {string[]} */
const failed = [];
for (const [client, clientTree] of versions) {
  for (const [server, serverTree] of versions) {
    const pair = `${client}/${server}`;
    // `npm test` covers the machine's own version.
    const isOwn = clientTree === '-' && serverTree === '-';
    if (wanted.length > 0 ? !wanted.includes(pair) : isOwn) continue;
    say(`client ${client}, server ${server}`);
    const names = server === newest ? [...OF_PAIR, ...OF_CLIENT] : OF_PAIR;
    const projects = names.flatMap((name) => ['--project', name]);
    const words = [clientTree, serverTree, 'npx', 'vitest', 'run', ...projects];
    if (!run(script('with-openssh.sh'), ...words)) failed.push(pair);
  }
}
say(failed.length === 0 ? 'all of them hold' : `FAILED with ${failed.join(', ')} (client/server)`);
process.exit(failed.length === 0 ? 0 : 1);
