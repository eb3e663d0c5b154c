/** Logging in (RFC 4252): chooses the next method as ssh does (sshconnect2.c). Knows no transport. */
import type { AuthReply } from './userauth-messages.ts';
import { noneRequest, readAuthReply } from './userauth-messages.ts';

export interface AuthWire {
  readonly sessionId: Buffer;
  /** The server's server-sig-algs (RFC 8308); undefined if it sent none. */
  readonly serverSigAlgs: readonly string[] | undefined;
  /** Resolves when the server has accepted the service (RFC 4253 section 10), or the connection has ended. */
  readonly accepted: Promise<void>;
  /** The server is known to handle a first request that arrives before it has accepted the service. */
  readonly takesEarly: boolean;
  /** Zeroes `payload` once it was sent: there may be a secret in it. */
  send(payload: Buffer): void;
  /** Rejects when the connection has ended. */
  next(): Promise<Buffer>;
}

export type AuthResult = Extract<AuthReply, { type: 'success' | 'failure' }>;

type Answer = AuthResult | Extract<AuthReply, { type: 'specific' }>;

export class Conversation {
  readonly wire: AuthWire;
  readonly #onBanner: (text: string) => void;
  #hasAsked = false;

  constructor(wire: AuthWire, onBanner: (text: string) => void) {
    this.wire = wire;
    this.#onBanner = onBanner;
  }

  /** A request was sent, so the server knows the user. */
  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  /** @throws SshpoolError, as the wire */
  async ask(payload: Buffer): Promise<Answer> {
    await this.wire.accepted;
    return this.#exchange(payload);
  }

  /** For requests without secret or proof: the first does not wait for the service, to save a round trip. */
  async query(payload: Buffer): Promise<Answer> {
    if (!this.wire.takesEarly) await this.wire.accepted;
    return this.#exchange(payload);
  }

  async #exchange(payload: Buffer): Promise<Answer> {
    this.#hasAsked = true;
    this.wire.send(payload);
    for (;;) {
      const reply = readAuthReply(await this.wire.next());
      if (reply.type === 'banner') this.#onBanner(reply.text);
      else if (reply.type !== 'other') return reply;
    }
  }
}

/** Each attempt starts only when the one before it failed. */
export type MethodAttempts = AsyncGenerator<AuthResult, void, undefined>;

export interface Method {
  readonly name: string;
  /** Begins the next step of a login, after one has succeeded in part. */
  attempts(conversation: Conversation): MethodAttempts;
}

/** Tries the first method unasked, to save a round trip. Resolves to the methods left, if none succeeded. */
export async function logIn(
  user: string,
  methods: readonly Method[],
  conversation: Conversation,
): Promise<readonly string[] | undefined> {
  let offered: readonly string[] | undefined;
  const left = new Set(methods);
  let round = new Round(left, conversation);
  for (;;) {
    const verdict = (await round.attempt(offered)) ?? (await ask(user, offered, conversation));
    if (verdict === undefined) return offered ?? [];
    if (verdict.type === 'success') return undefined;
    offered = verdict.methods;
    // The next step tries all methods again, as in ssh, except those that had nothing left to try.
    if (verdict.partial) round = new Round(left, conversation);
  }
}

async function ask(
  user: string,
  offered: readonly string[] | undefined,
  conversation: Conversation,
): Promise<AuthResult | undefined> {
  if (offered !== undefined) return undefined;
  const reply = await conversation.query(noneRequest(user));
  return reply.type === 'specific' ? undefined : reply;
}

/** One step of a login; a method that is used up in it leaves `methods`. */
class Round {
  readonly #methods: Set<Method>;
  readonly #begun = new Map<Method, MethodAttempts>();
  readonly #conversation: Conversation;

  constructor(methods: Set<Method>, conversation: Conversation) {
    this.#methods = methods;
    this.#conversation = conversation;
  }

  async attempt(offered: readonly string[] | undefined): Promise<AuthResult | undefined> {
    for (;;) {
      const method = this.#next(offered);
      if (method === undefined) return undefined;
      const attempts = this.#begun.get(method) ?? method.attempts(this.#conversation);
      this.#begun.set(method, attempts);
      const { value, done } = await attempts.next();
      if (!done) return value;
      this.#methods.delete(method);
    }
  }

  #next(offered: readonly string[] | undefined): Method | undefined {
    const methods = [...this.#methods];
    if (offered !== undefined) return methods.find(({ name }) => offered.includes(name));
    return methods[0]?.name === BLIND ? methods[0] : undefined;
  }
}

/** The one method that starts without a prompt, so it may be tried before the server offers it. */
const BLIND = 'publickey';
