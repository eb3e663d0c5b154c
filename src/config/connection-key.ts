/** What two calls must have in common to share a connection. */
import { createHash } from 'node:crypto';
import type { SshOptions } from './ssh-options.ts';
import type { Env } from './tokens.ts';

/**
 * Printed options that decide neither who we are nor whom we talk to, but only what one session
 * does, or what is said about it. All others are part of the identity of a connection, so that an
 * option that we do not know cannot make two callers share one by mistake.
 */
const SESSION_ONLY = new Set([
  'host',
  'sendenv',
  'setenv',
  'remotecommand',
  'requesttty',
  'sessiontype',
  'stdinnull',
  'forkafterauthentication',
  'loglevel',
  'logverbose',
  'syslogfacility',
  'escapechar',
  // Forwardings are never made on a pooled connection.
  'clearallforwardings',
  'localforward',
  'remoteforward',
  'dynamicforward',
  'permitremoteopen',
  'exitonforwardfailure',
  'gatewayports',
  'forwardx11',
  'forwardx11trusted',
  'forwardx11timeout',
  'xauthlocation',
  'tunnel',
  'tunneldevice',
  'enableescapecommandline',
  'batchmode',
  // Whoever connects first says how often; Debian's ssh sets it with BatchMode, as sftp -b does.
  'serveraliveinterval',
  'serveralivecountmax',
  'controlmaster',
  'controlpath',
  'controlpersist',
  'visualhostkey',
  'permitlocalcommand',
  'localcommand',
  'connectionattempts',
  'connecttimeout',
  'numberofpasswordprompts',
]);

/**
 * Names everything that decides who we are and whom we talk to, the socket of the key agent
 * included. Two aliases of one host under the same options share it.
 */
export function connectionKey(
  options: SshOptions,
  { keyAgent, env = {} }: { readonly keyAgent?: string | undefined; readonly env?: Env },
): string {
  // With IdentityAgent none, or a path of its own, that of the caller is not asked.
  const asked = options.identityAgent.kind === 'env' ? keyAgent : undefined;
  return `${digestOf(options)} ${asked ?? ''}${proxyVariables(options, env)}`;
}

/** Variables that the proxy command names: they decide where it leads. Digested, as they may be secret. */
function proxyVariables({ proxyCommand = '' }: SshOptions, env: Env): string {
  const names = [...proxyCommand.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
  if (names.length === 0) return '';
  const values = JSON.stringify(names.map((name) => env[name] ?? null));
  return ` ${createHash('sha256').update(values).digest('hex')}`;
}

/** Options are remembered (ssh-config.ts), and so is this: it is needed for each call. */
const digests = new WeakMap<SshOptions, string>();

function digestOf(options: SshOptions): string {
  const known = digests.get(options);
  if (known !== undefined) return known;
  const made = digest(options);
  digests.set(options, made);
  return made;
}

/** SHA-256 in hex. */
function digest(options: SshOptions): string {
  const printed = [...options.all]
    .filter(([name]) => !SESSION_ONLY.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  // What was printed may hold tokens and relative paths, so what they stand for counts as well.
  const expanded = [
    options.identityFiles,
    options.certificateFiles,
    options.userKnownHostsFiles,
    options.globalKnownHostsFiles,
    options.identityAgent,
    options.forwardAgent,
    options.proxyCommand,
    options.proxyJump,
    // The ssh that makes the jump reads it: the same name may lead another way in another file.
    options.proxyJump === undefined ? undefined : options.configFile,
  ];
  // JSON writes undefined in an array as null: every value keeps its place.
  return createHash('sha256')
    .update(JSON.stringify([printed, expanded]))
    .digest('hex');
}
