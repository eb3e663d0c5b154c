/**
 * Logging in (RFC 4252): which method is tried next, as ssh does it (sshconnect2.c, userauth), until
 * the server is content or nothing is left. Knows the order and the server's answers; the methods
 * themselves are handed in, and no transport is known here.
 */
import type { AuthReply } from './userauth-messages.ts';
import { noneRequest, readAuthReply } from './userauth-messages.ts';

/** The messages of one connection during its login. */
export interface AuthWire {
  readonly sessionId: Buffer;
  /** What the server can verify (RFC 8308, server-sig-algs); undefined where it did not say. */
  readonly serverSigAlgs: readonly string[] | undefined;
  /** Resolves when the server has accepted the login (RFC 4253 section 10), or is gone. */
  readonly accepted: Promise<void>;
  /** The server is known to take a first request that comes before it has accepted the login. */
  readonly takesEarly: boolean;
  /** Zeroes `payload` once it was sent: there may be a secret in it. */
  send(payload: Buffer): void;
  /** The next message of the server; rejects when the connection has ended. */
  next(): Promise<Buffer>;
}

export type AuthResult = Extract<AuthReply, { type: 'success' | 'failure' }>;

type Answer = AuthResult | Extract<AuthReply, { type: 'specific' }>;

/** The conversation with the server, banners taken out of it. */
export class Conversation {
  readonly wire: AuthWire;
  readonly #onBanner: (text: string) => void;
  #hasAsked = false;

  constructor(wire: AuthWire, onBanner: (text: string) => void) {
    this.wire = wire;
    this.#onBanner = onBanner;
  }

  /** The server knows for whom the login is. */
  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  /** Sends a message and resolves to the server's answer. @throws SshpoolError, as the wire */
  async ask(payload: Buffer): Promise<Answer> {
    await this.wire.accepted;
    return this.#exchange(payload);
  }

  /**
   * As `ask`, for a request that proves nothing and holds no secret. As the first of a login it does
   * not wait until the server has accepted the login, which saves a round trip.
   */
  async query(payload: Buffer): Promise<Answer> {
    if (!this.wire.takesEarly) await this.wire.accepted;
    return this.#exchange(payload);
  }

  async #exchange(payload: Buffer): Promise<Answer> {
    this.#hasAsked = true;
    this.wire.send(payload);
    for (;;) {
      // One message after the other: what each means depends on those before it.
      const reply = readAuthReply(await this.wire.next());
      if (reply.type === 'banner') this.#onBanner(reply.text);
      else if (reply.type !== 'other') return reply;
    }
  }
}

/**
 * The attempts of one method, made one at a time: each is asked for only when the one before it
 * failed. Ends where the method has no more.
 */
export type MethodAttempts = AsyncGenerator<AuthResult, void, undefined>;

export interface Method {
  readonly name: string;
  /** Begins the next step of a login, after one has succeeded in part. */
  attempts(conversation: Conversation): MethodAttempts;
}

/**
 * Logs in with `methods`, in their order; the first is tried before it is known whether the server
 * has it, since to ask costs a round trip and the answer is nearly always yes. Resolves to the
 * methods that are left where nothing succeeded, and to undefined where the login did.
 */
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
    // The next step begins anew, as for ssh: but for the methods that had nothing left to try.
    if (verdict.partial) round = new Round(left, conversation);
  }
}

/** Which methods there are, where no attempt has found that out. */
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

  /** The next attempt of the first method that the server offers; undefined where none is left. */
  async attempt(offered: readonly string[] | undefined): Promise<AuthResult | undefined> {
    for (;;) {
      const method = this.#next(offered);
      if (method === undefined) return undefined;
      const attempts = this.#begun.get(method) ?? method.attempts(this.#conversation);
      this.#begun.set(method, attempts);
      // One after the other: what comes next depends on the server's answer.
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

/** The one method that asks nobody, and so may be tried blindly. */
const BLIND = 'publickey';
