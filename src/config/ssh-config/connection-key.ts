/** Makes the key that two calls must have in common to share a connection. */
import { createHash } from 'node:crypto';
import type { SshOptions } from './options.ts';
import type { Env } from './tokens.ts';

/** Options of one session. All others count, so that an unknown one cannot let callers share by mistake. */
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
  // The first caller to connect decides it; Debian's ssh sets it with BatchMode, as sftp -b does.
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

/** Digests: `heldKeys` of the keys in the agent, `contents` of identityPaths, `commands` of commandFiles. */
export interface ConnectionKeyInputs {
  readonly keyAgent?: string | undefined;
  readonly heldKeys?: string | undefined;
  readonly contents?: string | undefined;
  readonly commands?: string | undefined;
  readonly addresses?: string | undefined;
  readonly env?: Env;
}

/** Without the trusted host keys: when they change, live connections are checked again (reach/trust.ts). */
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

/** With the files that ssh looks for beside keys (sshconnect2.c, ssh.c load_public_identity_files). */
export function identityPaths(options: SshOptions): string[] {
  const { identityFiles, certificateFiles, revokedHostKeyFiles } = options;
  return [
    ...identityFiles.flatMap((file) => [file, `${file}.pub`, `${file}-cert`, `${file}-cert.pub`]),
    ...certificateFiles.flatMap((file) => [file, `${file}.pub`]),
    ...revokedHostKeyFiles,
  ];
}

/** Those in a proxy command decide where it leads; the others select Kerberos tickets. */
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
