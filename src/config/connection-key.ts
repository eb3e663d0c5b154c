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
  // In its absolute form, below.
  'controlpath',
  'controlpersist',
  'visualhostkey',
  'permitlocalcommand',
  'localcommand',
  'connectionattempts',
  'connecttimeout',
  'numberofpasswordprompts',
]);

/** What beside the options decides who we are. */
export interface ConnectionKeyInputs {
  /** The socket of the key agent, and what stands for the keys that it holds. */
  readonly keyAgent?: string | undefined;
  readonly heldKeys?: string | undefined;
  /** What stands for the contents of `identityPaths`. */
  readonly contents?: string | undefined;
  /** What stands for the contents of `commandFiles`. */
  readonly commands?: string | undefined;
  /** The addresses of the host, where the user wants them to count. */
  readonly addresses?: string | undefined;
  readonly env?: Env;
}

/**
 * Names everything that decides who we are and whom we talk to. Two aliases of one host under the
 * same options share it. Which host keys are trusted is not in it: the server of a live connection is
 * judged anew where the known hosts have changed (reach/trust.ts).
 */
export function connectionKey(options: SshOptions, identification: ConnectionKeyInputs): string {
  const { keyAgent, heldKeys, contents, commands, addresses, env = {} } = identification;
  // With IdentityAgent none, or a path of its own, that of the caller is not asked.
  const asked = options.identityAgent.kind === 'env' ? keyAgent : undefined;
  const variables = variablesThatDecide(options);
  const named = variables.map((name) => env[name]);
  const values = [asked, heldKeys, contents, commands, addresses, named];
  // Digested, as variables may be secret.
  const more = createHash('sha256').update(JSON.stringify(values)).digest('base64');
  return `${digestOf(options)} ${more}`;
}

/**
 * The files whose contents decide who we are: keys and certificates, with those that ssh looks for
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

/** Those that the proxy command names, as they decide where it leads; and whose tickets are used. */
function variablesThatDecide({ proxyCommand = '', gssapiAuthentication }: SshOptions): string[] {
  const named = [...proxyCommand.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
  return gssapiAuthentication ? [...named, 'KRB5CCNAME', 'KRB5_CONFIG'] : named;
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
    // Who asks for another socket asks for another master; and `ssh -O exit` ends that one alone.
    options.controlPath,
  ];
  // JSON writes undefined in an array as null: every value keeps its place.
  return createHash('sha256')
    .update(JSON.stringify([printed, expanded]))
    .digest('hex');
}
