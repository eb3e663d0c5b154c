/**
 * The login over the ssh2 link: what is known of the methods that we can do, and what is said where
 * none of them was enough.
 */
import { SshpoolError } from '../base/errors.ts';
import type { Clock } from '../base/time.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import { interactiveMethod, passwordMethod } from './auth-questions.ts';
import { publicKeyMethod } from './auth-public-key.ts';
import { markBeyondSsh2 } from './beyond-ssh2.ts';
import { KeyAgent } from './key-agent.ts';
import { Findings } from './findings.ts';
import { printable } from './printable.ts';
import type { Ask } from './prompts.ts';
import { Conversation, logIn, type Attempts, type AuthWire, type Method } from './userauth.ts';

export interface LoginRequest {
  readonly options: SshOptions;
  /** The socket of the caller's key agent. */
  readonly keyAgent: string | undefined;
  readonly ask: Ask;
  readonly note: (text: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** OpenSSH can be tried where we fall short: better before a person is asked anything. */
  readonly hasAlternative: boolean;
}

const GSSAPI = 'gssapi-with-mic';

/**
 * The order where PreferredAuthentications has none. Unlike ssh, which begins with gssapi-with-mic:
 * our keys cost nobody anything, and that only OpenSSH can do.
 */
const PREFERRED = ['publickey', GSSAPI, 'keyboard-interactive', 'password'];

/** Levels of ssh_config(5), LogLevel, at which ssh keeps a banner to itself (sshconnect2.c). */
const SILENT = new Set(['SILENT', 'QUIET', 'FATAL', 'ERROR']);

/**
 * Logs in over a connection whose host key was verified.
 * @throws SshpoolError AUTH_FAILED, or whatever ended the connection
 */
export async function authenticate(request: LoginRequest, wire: AuthWire): Promise<void> {
  const { options, note } = request;
  const findings = new Findings((found) => {
    if (request.hasAlternative) throw denied(options, ['publickey'], found);
  });
  const onBanner = (text: string): void => {
    if (SILENT.has(options.all.get('loglevel')?.[0] ?? '')) return;
    for (const line of printable(text).replace(/\n$/, '').split('\n')) note(line);
  };
  const conversation = new Conversation(wire, onBanner);
  const left = await logIn(options.user, methodsOf(request, findings), conversation);
  if (left === undefined) return;
  throw denied(options, left, findings);
}

function methodsOf(request: LoginRequest, findings: Findings): Method[] {
  const { options, keyAgent: path, clock, signal } = request;
  const keyAgent = path === undefined ? undefined : new KeyAgent(path, { clock, signal });
  const methods = [
    ...(options.pubkeyAuthentication ? [publicKeyMethod({ ...request, keyAgent }, findings)] : []),
    ...(options.gssapiAuthentication ? [beyondUs(GSSAPI, findings)] : []),
    ...(options.kbdInteractiveAuthentication ? [interactiveMethod(request, findings)] : []),
    ...(options.passwordAuthentication ? [passwordMethod(request, findings)] : []),
  ];
  const wanted = options.preferredAuthentications ?? PREFERRED;
  return wanted.flatMap((name) => methods.filter((method) => method.name === name));
}

/** Not a method of ours: where the server offers it, OpenSSH may get in with it. */
function beyondUs(name: string, findings: Findings): Method {
  // oxlint-disable-next-line require-yield -- it makes no attempt
  async function* attempts(): Attempts {
    findings.beyond ??= `the server offers ${name}`;
    findings.leave();
  }
  return { name, attempts };
}

function denied(
  { user, hostname: host }: SshOptions,
  methods: readonly string[],
  { detail, beyond }: Findings,
): SshpoolError {
  const error = SshpoolError.of('AUTH_FAILED', { user, host, methods: methods.join(','), detail });
  return beyond === undefined ? error : markBeyondSsh2(error, beyond);
}
