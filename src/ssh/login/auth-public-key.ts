/**
 * The method publickey (RFC 4252 section 7). Asks about each key before it signs: a server may count
 * signatures (MaxAuthTries since OpenSSH 10.6), and a signature may cost a passphrase or a touch.
 */
import { Reader, Writer } from '../../base/bytes.ts';
import { describe } from '../../base/errors.ts';
import { plainName } from '../keys/key-types.ts';
import type { Findings } from './findings.ts';
import { identitiesOf, isAllowed, labelOf, type Identity } from './identities.ts';
import type { KeyAgent } from '../keys/key-agent.ts';
import { KeyFileSigner, type KeyFileRequest } from './key-file-signer.ts';
import { publicKeyType } from '../keys/public-key.ts';
import { signatureAlgorithm } from '../keys/signature-algorithms.ts';
import type { MethodAttempts, Conversation, Method, AuthResult } from './userauth.ts';
import { keyQuery, keyRequest, noneRequest, signedPart } from './userauth-messages.ts';

export interface KeyRequest extends KeyFileRequest {
  readonly keyAgent: KeyAgent | undefined;
}

export function publicKeyMethod(request: KeyRequest, findings: Findings): Method {
  // As in ssh, a key that was tried moves to the end: the next step of a login begins after it.
  let queue: Identity[] | undefined;
  async function* attempts(conversation: Conversation): MethodAttempts {
    queue ??= await identitiesOf(request, findings);
    for (const identity of [...queue]) {
      const verdict = await new KeyAttempt(request, findings, identity, conversation).run();
      // A key that was tried before the server accepted publickey does not count as tried.
      if (!verdict || looksAtKeys(verdict)) {
        queue = [...queue.filter((each) => each !== identity), identity];
      }
      if (verdict) yield verdict;
    }
    findings.leave();
  }
  return { name: NAME, attempts };
}

const NAME = 'publickey';

function looksAtKeys(verdict: AuthResult): boolean {
  return verdict.type === 'success' || verdict.partial || verdict.methods.includes(NAME);
}

class KeyAttempt {
  readonly #request: KeyRequest;
  readonly #findings: Findings;
  #identity: Identity;
  readonly #conversation: Conversation;
  readonly #files: KeyFileSigner;

  constructor(
    request: KeyRequest,
    findings: Findings,
    identity: Identity,
    conversation: Conversation,
  ) {
    this.#request = request;
    this.#findings = findings;
    this.#identity = identity;
    this.#conversation = conversation;
    this.#files = new KeyFileSigner(request, findings);
  }

  /** The server's verdict; undefined where nothing was sent, or no signature could be made. */
  async run(): Promise<AuthResult | undefined> {
    const { user } = this.#request.options;
    const early = await this.#open();
    const { blob } = this.#identity;
    if (early || blob === undefined) return early;
    let algorithm = await this.#algorithm(blob);
    if (algorithm === undefined && this.#mayLearnMore) {
      const answer = await this.#conversation.query(noneRequest(user));
      if (answer.type === 'success') return answer;
      algorithm = await this.#algorithm(blob);
    }
    if (algorithm === undefined) {
      this.#findings.skip(`${labelOf(this.#identity)}: no mutual signature algorithm`);
      return undefined;
    }
    const answer = await this.#conversation.query(keyQuery(user, algorithm, blob));
    if (answer.type !== 'specific') return answer;
    const part = signedPart(user, algorithm, blob);
    const data = new Writer().string(this.#conversation.wire.sessionId).raw(part).finish();
    const signature = await this.#sign(blob, plainName(algorithm), data);
    if (signature === undefined) return undefined;
    const reply = await this.#conversation.ask(keyRequest(part, signature));
    return reply.type === 'specific' ? undefined : reply;
  }

  /** Opens a file without a known public key. Resolves to a verdict if publickey is not offered. */
  async #open(): Promise<AuthResult | undefined> {
    const { blob, signer } = this.#identity;
    if (blob !== undefined || signer.kind === 'agent') return undefined;
    const { options } = this.#request;
    if (!this.#conversation.hasAsked) {
      const answer = await this.#conversation.query(noneRequest(options.user));
      if (answer.type === 'success') return answer;
      if (answer.type === 'failure' && !answer.methods.includes(NAME)) return answer;
    }
    const loaded = await this.#files.load(signer);
    if (loaded === undefined) return undefined;
    const opened = { blob: loaded.publicBlob, signer: { ...signer, loaded } };
    if (isAllowed(opened, options, this.#findings)) this.#identity = opened;
    return undefined;
  }

  /** Once it knows the user, a server may announce more algorithms (ext-info-in-auth@openssh.com). */
  get #mayLearnMore(): boolean {
    const { hasAsked, wire } = this.#conversation;
    return !hasAsked && wire.serverSigAlgs !== undefined;
  }

  async #algorithm(blob: Buffer): Promise<string | undefined> {
    const type = publicKeyType(blob);
    if (type === undefined) return undefined;
    const { wire } = this.#conversation;
    // The server sends server-sig-algs before it accepts the service (RFC 8308 section 2.4).
    if (plainName(type) === 'ssh-rsa' && wire.serverSigAlgs === undefined) await wire.accepted;
    return signatureAlgorithm(type, this.#request.options, wire.serverSigAlgs);
  }

  #sign(shown: Buffer, algorithm: string, data: Buffer): Promise<Buffer | undefined> {
    const { signer } = this.#identity;
    return signer.kind === 'agent'
      ? this.#signByAgent(signer.blob, algorithm, data)
      : this.#files.sign(signer, shown, algorithm, data);
  }

  async #signByAgent(blob: Buffer, algorithm: string, data: Buffer): Promise<Buffer | undefined> {
    const label = labelOf(this.#identity);
    try {
      const flags = AGENT_FLAGS[algorithm] ?? 0;
      const signature = await this.#request.keyAgent?.sign(blob, data, flags);
      const made = signature && new Reader(signature).text();
      // An old key agent ignores the flags; the server would refuse its signature.
      if (made === algorithm) return signature;
      this.#findings.skip(`${label}: the key agent signs by ${made}, not by ${algorithm}`);
    } catch (thrown) {
      this.#findings.skip(`${label}: ${describe(thrown)}`);
      // Such as a key that ssh-add -h restricts: ssh can prove its host to the key agent.
      this.#findings.beyond ??= `the key agent would not sign with ${label}`;
    }
    return undefined;
  }
}

/** PROTOCOL.agent: the flags that choose the hash of an RSA signature. */
const AGENT_FLAGS: Readonly<Record<string, 2 | 4 | undefined>> = {
  'rsa-sha2-256': 2,
  'rsa-sha2-512': 4,
};
