/**
 * Every failure of sshpool: its code (stable, for programs), its exit status and its message. The messages are
 * only here, so the terminal, the log, the protocol and the library show the same text.
 */

/** ssh's own status for "it did not work because of the connection" (ssh(1), EXIT STATUS). */
export const EXIT_FAILURE = 255;
/** Bad command line. */
export const EXIT_USAGE = 2;
/** `--timeout` ran out: the status of timeout(1). */
export const EXIT_TIMEOUT = 124;
/** As env(1): the program does not exist, or cannot be run. */
export const EXIT_NOT_FOUND = 127;
export const EXIT_CANNOT_RUN = 126;

/** An entry of ssh's log, of one or more lines: of level ERROR, or INFO, which LogLevel ERROR hides. */
export type LogEntry = string | { readonly info: string };

/** What ssh itself logs for a failure, if the rest of the data does not tell. */
interface Logged {
  readonly logged?: readonly LogEntry[] | undefined;
}

/** Why OpenSSH may succeed where ssh2 failed, such as `ssh2 has no matching cipher`. Never a failure of trust. */
interface BeyondSsh2 {
  readonly beyondSsh2?: string | undefined;
}

/** A host key that known_hosts speaks against. */
export interface RefusedKey {
  readonly host: string;
  readonly keyType: string;
  readonly fingerprint: string;
  /** The line of known_hosts. */
  readonly file: string;
  readonly line: number;
  /** StrictHostKeyChecking is no: ssh itself may go on. */
  readonly sshGoesOn: boolean;
}

/** The line with another key of the host, and the file for a new key, named as the user named them. */
export interface OtherKey {
  readonly keyType: string;
  readonly file: string;
  readonly ownFile: string;
}

export interface Row<D> {
  readonly exitCode: number | ((data: D) => number);
  readonly text: (data: D) => string;
}

const row = <D>(exitCode: Row<D>['exitCode'], text: Row<D>['text']): Row<D> => ({
  exitCode,
  text,
});
const failure = <D>(text: (data: D) => string): Row<D> => row(EXIT_FAILURE, text);
const fixed = (text: string): Row<Record<string, never>> => failure(() => text);

export const TABLE = {
  // The command line and the settings.
  USAGE: row(
    EXIT_USAGE,
    (d: { problem: string; hint?: string }) => d.problem + (d.hint ? `; ${d.hint}` : ''),
  ),
  BAD_SETTING: row(
    EXIT_USAGE,
    (d: { variable: string; value: string; expected: string }) =>
      `${d.variable}=${d.value} is not valid: it must be ${d.expected}`,
  ),
  NO_LAUNCHER: fixed('the launcher does not run here, and SSH_POOL_FALLBACK=off forbids ssh'),
  SETUP_FAILED: failure(
    (d: { path: string; reason: string }) => `setup stopped at ${d.path}: ${d.reason}`,
  ),
  BAD_COMMAND: failure((d: { problem: string }) => `the command cannot be sent: ${d.problem}`),
  SSH_CONFIG: failure((d: { problem: string }) => d.problem),
  // Connections that cannot be shared, because what decides about them cannot be compared or
  // transferred.
  NOT_SHARED: failure(
    (d: { what: string; hint: string }) => `${d.what}; ${d.hint}, or use ssh for this call`,
  ),

  // The way to the host.
  HOST_UNKNOWN: failure(
    (d: { host: string; reason: string }) => `Could not resolve hostname ${d.host}: ${d.reason}`,
  ),
  CONNECT_FAILED: failure(
    (d: { host: string; port: number; reason: string } & Logged) =>
      `connect to host ${d.host} port ${d.port}: ${d.reason}`,
  ),
  CONNECT_TIMEOUT: failure(
    (d: { host: string; port: number; timeoutMs: number } & Logged) =>
      `connect to host ${d.host} port ${d.port}: no answer within ${d.timeoutMs} ms ` +
      `(SSH_POOL_CONNECTION_TIMEOUT_MS or ConnectTimeout)`,
  ),
  JUMP_LOOP: failure(
    (d: { host: string; jump: string }) =>
      `${d.host}: its jump host ${d.jump} would be reached through itself; set ProxyJump none for it`,
  ),
  HANDSHAKE_FAILED: failure(
    (d: { host: string; port: number; reason: string } & Logged & BeyondSsh2) =>
      `${d.host} port ${d.port}: ${d.reason}`,
  ),
  SERVER_LEFT: failure(
    (d: {
      host: string;
      port: number;
      how: 'closed' | 'reset';
      /** The server's identification was received. */
      isSsh: boolean;
      /** As ssh names it. */
      peer: string;
      said: string;
    }) =>
      `${d.isSsh ? '' : 'kex_exchange_identification: '}Connection ${d.how} by ${d.host} port ${d.port}` +
      (d.said ? ` (it said: ${d.said})` : ''),
  ),
  PROXY_FAILED: failure(
    // With isSsh it is known whether the server's identification was received.
    (d: { program: string; reason: string; isSsh?: boolean }) =>
      `proxy command failed: ${d.program}: ${d.reason}`,
  ),
  OPENSSH_FAILED: failure(
    (d: { host: string; reason: string } & Logged) => `${d.host}: ${d.reason}`,
  ),
  NOT_OVER_SSH2: failure(
    (d: { what: string }) =>
      `${d.what}: OpenSSH can do that and ssh2 cannot; unset SSH_POOL_LINK, or set it to auto`,
  ),
  ONLY_SSH: failure((d: { host: string; what: string }) => `${d.host}: only ssh can do ${d.what}`),

  SSH_LOOP: fixed('the ssh in PATH is sshpool once more; put the real one before it'),
  NO_SSH: fixed('no ssh in PATH but sshpool itself; install OpenSSH, or put it into PATH'),

  // Programs that sshpool runs for the user.
  NO_TOOL: row(EXIT_NOT_FOUND, (d: { tool: string; reason: string }) => `${d.tool}: ${d.reason}`),
  TOOL_FAILED: row(
    EXIT_CANNOT_RUN,
    (d: { tool: string; reason: string }) => `${d.tool}: ${d.reason}`,
  ),

  // Trust and identity.
  HOST_KEY_UNKNOWN: failure(
    (d: {
      host: string;
      keyType: string;
      fingerprint: string;
      hint: string;
      /** StrictHostKeyChecking is yes. */
      isStrict: boolean;
    }) =>
      `Host key verification failed: no ${d.keyType} host key is known for ${d.host} ` +
      `(it offers ${d.fingerprint}); ${d.hint}`,
  ),
  HOST_KEY_CHANGED: failure(
    (d: RefusedKey & { /** For ssh's words. */ other: OtherKey }) =>
      `Host key verification failed: the ${d.keyType} key of ${d.host} is not the one in ` +
      `${d.file}:${d.line} (it is now ${d.fingerprint}): someone may be listening in, or the host ` +
      `was reinstalled; if you are sure, remove that line`,
  ),
  HOST_KEY_REVOKED: failure(
    (d: RefusedKey) =>
      `Host key verification failed: the key of ${d.host} (${d.fingerprint}) is marked as revoked ` +
      `in ${d.file}:${d.line}`,
  ),
  HOST_KEY_REFUSED: failure(
    (d: { host: string } & Logged) => `Host key verification failed: ssh does not trust ${d.host}`,
  ),
  LOGIN_TIMEOUT: failure(
    (d: { user: string; host: string; timeoutMs: number }) =>
      `${d.user}@${d.host}: the login was not over within ${d.timeoutMs / 1000} s`,
  ),
  AUTH_FAILED: failure(
    (d: { user: string; host: string; methods: string; detail: string } & Logged & BeyondSsh2) =>
      `${d.user}@${d.host}: Permission denied (${d.methods})${d.detail ? `: ${d.detail}` : ''}`,
  ),
  KEY_AGENT_ABSENT: failure(
    (d: { path: string; reason: string }) => `no key agent answers at ${d.path}: ${d.reason}`,
  ),
  KEY_AGENT_FAILED: failure(
    (d: { path: string; problem: string }) => `the key agent at ${d.path} failed: ${d.problem}`,
  ),
  NO_TERMINAL: failure(
    (d: { question: string }) =>
      `an answer is needed and there is no terminal to ask on: ${d.question}`,
  ),

  // The pool.
  POOL_EXHAUSTED: failure(
    (d: { name: string; port: number; max: number }) =>
      `Connection pool exhausted for ${d.name}:${d.port} (max: ${d.max})`,
  ),
  TUNNEL_REFUSED: failure(
    (d: { via: string; to: string; reason: string }) =>
      `${d.via} could not connect to ${d.to}: ${d.reason}`,
  ),
  SESSION_REFUSED: failure(
    (d: { host: string; reason: string }) => `${d.host} refused to open a session: ${d.reason}`,
  ),
  REQUEST_REFUSED: failure(
    (d: { host: string; request: string }) => `${d.host} refused the ${d.request} request`,
  ),
  CONNECTION_LOST: failure(
    (d: { host: string; reason: string }) => `the connection to ${d.host} was lost: ${d.reason}`,
  ),
  CONNECTION_CLOSED: failure(
    (d: { host: string; by: string }) => `the connection to ${d.host} was closed by ${d.by}`,
  ),
  POOL_CLOSED: fixed('the pool is closed'),
  CANCELLED: fixed('cancelled'),
  TIMED_OUT: row(
    EXIT_TIMEOUT,
    (d: { timeoutMs: number }) => `timed out after ${d.timeoutMs / 1000} s`,
  ),

  // Input from programs, and answers of hosts.
  BAD_INPUT: row(EXIT_USAGE, (d: { field: string; problem: string }) => `${d.field}: ${d.problem}`),
  RELEASED: failure(
    (d: { host: string }) => `the connection to ${d.host} was released and is not to be used`,
  ),
  COMMAND_FAILED: row(
    (d: { exitCode: number; stderr: string }) => d.exitCode,
    (d) => `Command failed with code ${d.exitCode}: ${d.stderr}`,
  ),
  NO_STATUS: failure(
    (d: { host: string }) => `${d.host} closed the session without an exit status`,
  ),
  BAD_SOCKET: failure(
    (d: { path: string; problem: string }) => `cannot listen on ${d.path}: ${d.problem}`,
  ),
  OUTPUT_TOO_LONG: failure(
    (d: { maxBytes: number }) => `the command printed more than ${d.maxBytes} bytes`,
  ),
  BAD_OUTPUT: failure(
    (d: { command: string; problem: string; line: string }) =>
      `${d.command}: ${d.problem}: ${JSON.stringify(d.line)}`,
  ),

  // The agent.
  AGENT_LOST: failure(
    (d: { log: string }) => `the sshpool agent ended unexpectedly; its log: ${d.log}`,
  ),
  AGENT_SILENT: failure(
    (d: { log: string }) =>
      `the sshpool agent does not answer; end it: sshpool agent stop --force; its log: ${d.log}`,
  ),
  AGENT_STUCK: failure(
    (d: { socket: string; log: string }) =>
      `the sshpool agent does not answer and could not be ended; end the process that listens on ` +
      `${d.socket} yourself; its log: ${d.log}`,
  ),
  AGENT_START: failure(
    (d: { reason: string; log: string }) =>
      `the sshpool agent did not start: ${d.reason}; its log: ${d.log}`,
  ),
  LOCK_HELD: failure(
    (d: { path: string }) =>
      `another process started the sshpool agent and has not finished; it holds the lock ${d.path}: ` +
      `end that process, or remove the file`,
  ),
  NO_USER: failure(
    (d: { uid: number }) =>
      `user id ${d.uid} has no name in the user database, and ssh does not work without one; ` +
      `add the user to /etc/passwd`,
  ),
  NO_DIRECTORY: fixed(
    'the current directory was deleted or cannot be read; change to another one and try again',
  ),
  AGENT_STOPPING: fixed('the sshpool agent is stopping; try again'),
  AGENT_STOPPED: fixed('the sshpool agent was stopped by force, which ended this command'),
  AGENT_VERSION: failure(
    (d: { theirs: number; ours: number }) =>
      `the running sshpool agent speaks protocol ${d.theirs} and this sshpool ${d.ours}; ` +
      `run the newer sshpool, or end the agent with it: sshpool agent stop`,
  ),
  UNSAFE_PATH: failure(
    (d: { path: string; problem: string }) =>
      `${d.path} is not safe to use: ${d.problem}; set SSH_POOL_RUNTIME_DIR to a private directory`,
  ),
  PATH_TOO_LONG: failure(
    (d: { path: string; bytes: number; max: number }) =>
      `the socket path ${d.path} has ${d.bytes} bytes and a socket takes ${d.max}; ` +
      `set SSH_POOL_RUNTIME_DIR to a shorter directory`,
  ),
  SYSTEM: failure((d: { call: string; reason: string }) => `${d.call}: ${d.reason}`),
  PROTOCOL: failure((d: { problem: string }) => `malformed message: ${d.problem}`),
  INTERNAL: failure(
    (d: { problem: string }) => `internal error: ${d.problem}; sshpool agent logs may say more`,
  ),
} satisfies Record<string, Row<never>>;

export type ErrorCode = keyof typeof TABLE;

/** What is known of a failure: the parts of its message. */
export type ErrorData<C extends ErrorCode = ErrorCode> = Parameters<(typeof TABLE)[C]['text']>[0];

/** Every code of the table. @internal for tests */
export const ERROR_CODES = Object.keys(TABLE) as readonly ErrorCode[];
