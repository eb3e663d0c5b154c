/** The login over the ssh2 link: its methods, and the error if none of them succeeds. */
import type { LogEntry } from '../../base/error-table.ts';
import { SshpoolError } from '../../base/errors.ts';
import type { Clock } from '../../base/time.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { interactiveMethod, passwordMethod, type QuestionRequest } from './auth-questions.ts';
import { publicKeyMethod } from './auth-public-key.ts';
import { KeyAgent } from '../keys/key-agent.ts';
import { Findings } from './findings.ts';
import { printableLine } from '../../base/printable.ts';
import type { Ask, Note } from '../link/prompts.ts';
import { serverWords } from './server-words.ts';
import { sshVersion } from '../link/ssh-version.ts';
import { Conversation, logIn, type AuthWire, type Method } from './userauth.ts';

export interface LoginRequest {
  readonly options: SshOptions;
  readonly keyAgent: string | undefined;
  readonly ask: Ask;
  readonly note: Note;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly hasAlternative: boolean;
}

/** How the server ended the connection during the login; `logged` is what ssh logs. */
interface Refusal {
  readonly words?: string;
  readonly logged?: readonly LogEntry[];
}

/** The order if PreferredAuthentications is not set; those of ssh's methods that sshpool has. */
const PREFERRED = ['publickey', 'keyboard-interactive', 'password'];

export class Login {
  readonly #request: LoginRequest;
  readonly #findings: Findings;

  constructor(request: LoginRequest) {
    this.#request = request;
    this.#findings = new Findings(() => {
      if (request.hasAlternative) throw this.denied(['publickey']);
    });
  }

  /** @throws SshpoolError AUTH_FAILED, or the error that ended the connection */
  async run(wire: AuthWire): Promise<void> {
    const { options, note, env } = this.#request;
    const { banner, explain } = serverWords(options, note, () => sshVersion(env));
    const methods = methodsOf({ ...this.#request, explain }, this.#findings);
    const left = await logIn(options.user, methods, new Conversation(wire, banner));
    if (left !== undefined) throw this.denied(left);
  }

  denied(methods: readonly string[], { words, logged }: Refusal = {}): SshpoolError {
    const { user, hostname: host } = this.#request.options;
    const { detail: found, beyond: beyondSsh2 } = this.#findings;
    return SshpoolError.of('AUTH_FAILED', {
      ...{ user, host },
      methods: printableLine(methods.join(',')),
      detail: printableLine([words, found].filter(Boolean).join('; ')),
      ...{ logged, beyondSsh2 },
    });
  }
}

type MethodRequest = LoginRequest & Pick<QuestionRequest, 'explain'>;

function methodsOf(request: MethodRequest, findings: Findings): Method[] {
  const { options, keyAgent: path, clock, signal } = request;
  const keyAgent = path === undefined ? undefined : new KeyAgent(path, { clock, signal });
  const methods = [
    ...(options.pubkeyAuthentication ? [publicKeyMethod({ ...request, keyAgent }, findings)] : []),
    ...(options.kbdInteractiveAuthentication ? [interactiveMethod(request, findings)] : []),
    ...(options.passwordAuthentication ? [passwordMethod(request, findings)] : []),
  ];
  const wanted = options.preferredAuthentications ?? PREFERRED;
  return wanted.flatMap((name) => methods.filter((method) => method.name === name));
}
