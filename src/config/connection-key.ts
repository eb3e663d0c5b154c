/** Makes the key that two calls must have in common to share a connection. */
import { createHash } from 'node:crypto';
import type { SshOptions } from './ssh-options.ts';
import type { Env } from './tokens.ts';

/**
 * Printed options that affect only one session or its messages, not the identity of the user or the
 * server. All other options are part of the key, so that an unknown option cannot make two callers
 * share a connection by mistake.
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
  // The first caller to connect decides the interval; Debian's ssh sets it with BatchMode, as sftp -b
  // does.
  'serveraliveinterval',
  'serveralivecountmax',
  'controlmaster',
  // Added below as an absolute path.
  'controlpath',
  'controlpersist',
  'visualhostkey',
  'permitlocalcommand',
  'localcommand',
  'connectionattempts',
  'connecttimeout',
  'numberofpasswordprompts',
]);

/** What else decides the user's identity, besides the options. */
export interface ConnectionKeyInputs {
  /** The socket of the key agent, and a digest of the keys in it. */
  readonly keyAgent?: string | undefined;
  readonly heldKeys?: string | undefined;
  /** A digest of the contents of `identityPaths`. */
  readonly contents?: string | undefined;
  /** A digest of the contents of `commandFiles`. */
  readonly commands?: string | undefined;
  /** The addresses of the host, if the user wants them in the key. */
  readonly addresses?: string | undefined;
  readonly env?: Env;
}

/**
 * The key of everything that decides the identities of the user and the server. Two aliases of one host
 * with the same options share it. The trusted host keys are not part of it: when the known hosts
 * change, the server of a live connection is checked again (reach/trust.ts).
 */
export function connectionKey(options: SshOptions, identification: ConnectionKeyInputs): string {
  const { keyAgent, heldKeys, contents, commands, addresses, env = {} } = identification;
  // With IdentityAgent none or a path, the caller's key agent is not used.
  const asked = options.identityAgent.kind === 'env' ? keyAgent : undefined;
  const variables = variablesThatDecide(options);
  const named = variables.map((name) => env[name]);
  const values = [asked, heldKeys, contents, commands, addresses, named];
  // As a digest, because variables may be secret.
  const more = createHash('sha256').update(JSON.stringify(values)).digest('base64');
  return `${digestOf(options)} ${more}`;
}

/**
 * The files whose contents decide the user's identity: keys and certificates, those that ssh looks for
 * beside them (sshconnect2.c, ssh.c load_public_identity_files), and the lists of revoked keys.
 */
export function identityPaths(options: SshOptions): string[] {
  const { identityFiles, certificateFiles, revokedHostKeyFiles } = options;
  return [
    ...identityFiles.flatMap((file) => [file, `${file}.pub`, `${file}-cert`, `${file}-cert.pub`]),
    ...certificateFiles.flatMap((file) => [file, `${file}.pub`]),
    ...revokedHostKeyFiles,
  ];
}

/**
 * The variables that the proxy command names, as they decide where it leads; and those that select
 * Kerberos tickets.
 */
function variablesThatDecide({ proxyCommand = '', gssapiAuthentication }: SshOptions): string[] {
  const named = [...proxyCommand.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
  return gssapiAuthentication ? [...named, 'KRB5CCNAME', 'KRB5_CONFIG'] : named;
}

/** Cached because each call needs it; the options are cached as well (ssh-config.ts). */
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
  // The printed values may contain tokens and relative paths, so their expansions count as well.
  const expanded = [
    options.identityFiles,
    options.certificateFiles,
    options.userKnownHostsFiles,
    options.globalKnownHostsFiles,
    options.identityAgent,
    options.forwardAgent,
    options.proxyCommand,
    options.proxyJump,
    // The ssh of the jump reads this file: another file may resolve the same name differently.
    options.proxyJump === undefined ? undefined : options.configFile,
    // Another socket means another master; `ssh -O exit` must end only that one.
    options.controlPath,
  ];
  // JSON writes undefined in an array as null: every value keeps its place.
  return createHash('sha256')
    .update(JSON.stringify([printed, expanded]))
    .digest('hex');
}
