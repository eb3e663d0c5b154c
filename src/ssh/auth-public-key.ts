/**
 * The method publickey (RFC 4252 section 7): one key per attempt, so that the server's MaxAuthTries
 * counts as it does for ssh. A key that costs a question or a touch is offered before it is used.
 */
import { Reader, Writer } from '../base/bytes.ts';
import { describe } from '../base/errors.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import { plainName } from './certificate.ts';
import type { Findings } from './findings.ts';
import { algorithmsOf, identitiesOf, labelOf, type Identity } from './identities.ts';
import type { KeyAgent } from './key-agent.ts';
import { loadPrivateKey } from './private-key.ts';
import type { Ask } from './prompts.ts';
import { signWith } from './signature.ts';
import type { Attempts, Conversation, Method, Verdict } from './userauth.ts';
import { keyQuery, keyRequest, signedPart } from './userauth-messages.ts';

export interface KeyRequest {
  readonly options: SshOptions;
  readonly keyAgent: KeyAgent | undefined;
  readonly ask: Ask;
}

export function publicKeyMethod(request: KeyRequest, findings: Findings): Method {
  async function* attempts(conversation: Conversation): Attempts {
    const identities = await identitiesOf(request, findings);
    for (const identity of identities) {
      // One after the other: the server counts them.
      const verdict = await new KeyAttempt(request, findings, identity, conversation).run();
      if (verdict) yield verdict;
    }
    findings.leave();
  }
  return { name: 'publickey', attempts };
}

/** One key, from the question whether it would do to the server's verdict. */
class KeyAttempt {
  readonly #request: KeyRequest;
  readonly #findings: Findings;
  readonly #identity: Identity;
  readonly #conversation: Conversation;

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
  }

  /** The server's verdict; undefined where nothing was sent, or no signature could be made. */
  async run(): Promise<Verdict | undefined> {
    const { user } = this.#request.options;
    const { blob, signer } = this.#identity;
    const algorithm = this.#algorithm();
    if (algorithm === undefined) {
      this.#findings.skip(`${labelOf(this.#identity)}: no mutual signature algorithm`);
      return undefined;
    }
    // A key at hand is used at once, which saves a round trip.
    const isReady = signer.kind === 'file' && signer.loaded.kind === 'key';
    if (!isReady) {
      const reply = await this.#conversation.ask(keyQuery(user, algorithm, blob));
      if (reply.type !== 'specific') return reply;
    }
    const part = signedPart(user, algorithm, blob);
    const data = new Writer().string(this.#conversation.wire.sessionId).raw(part).finish();
    const signature = await this.#sign(plainName(algorithm), data);
    if (signature === undefined) return undefined;
    const reply = await this.#conversation.ask(keyRequest(part, signature));
    return reply.type === 'specific' ? undefined : reply;
  }

  /** The best that the user allows and, where it says so, the server knows. */
  #algorithm(): string | undefined {
    const { pubkeyAcceptedAlgorithms: accepted } = this.#request.options;
    const { serverSigAlgs } = this.#conversation.wire;
    const possible = algorithmsOf(this.#identity.type).filter(
      (name) => accepted.length === 0 || accepted.includes(name),
    );
    // Only RSA has a choice; servers do not list certificate types of the others reliably.
    if (possible.length < 2 || serverSigAlgs === undefined) return possible[0];
    const known = possible.find((name) => serverSigAlgs.includes(plainName(name)));
    return known ?? possible[0];
  }

  #sign(algorithm: string, data: Buffer): Promise<Buffer | undefined> {
    const { signer } = this.#identity;
    return signer.kind === 'agent'
      ? this.#signByAgent(signer.blob, algorithm, data)
      : this.#signByFile(signer.file, algorithm, data);
  }

  async #signByAgent(blob: Buffer, algorithm: string, data: Buffer): Promise<Buffer | undefined> {
    const label = labelOf(this.#identity);
    try {
      const flags = AGENT_FLAGS[algorithm] ?? 0;
      const signature = await this.#request.keyAgent?.sign(blob, data, flags);
      const made = signature && new Reader(signature).text();
      // An old agent ignores the flags, and its signature would only be refused by the server.
      if (made === algorithm) return signature;
      this.#findings.skip(`${label}: the key agent signs by ${made}, not by ${algorithm}`);
    } catch (thrown) {
      this.#findings.skip(`${label}: ${describe(thrown)}`);
      // Such as a key that ssh-add -h restricts: ssh can prove to the agent whom it talks to.
      this.#findings.beyond ??= `the key agent would not sign with ${label}`;
    }
    return undefined;
  }

  async #signByFile(file: string, algorithm: string, data: Buffer): Promise<Buffer | undefined> {
    const { signer } = this.#identity;
    if (signer.kind !== 'file') return undefined;
    const loaded = signer.loaded.kind === 'encrypted' ? await this.#decrypt(file) : signer.loaded;
    if (loaded?.kind === 'key') return signWith(loaded.key, algorithm, data);
    if (loaded?.kind === 'missing') this.#findings.skip(`no private key in ${file}`);
    else if (loaded && 'reason' in loaded) this.#findings.skip(`${file}: ${loaded.reason}`);
    return undefined;
  }

  async #decrypt(file: string): ReturnType<typeof loadPrivateKey> {
    const { ask, options } = this.#request;
    for (let i = 0; i < options.numberOfPasswordPrompts && !options.batchMode; i++) {
      const passphrase = await ask({ text: `Enter passphrase for key '${file}': `, echo: false });
      if (passphrase === undefined) break;
      // As for ssh, an empty passphrase means: go on without this key.
      if (passphrase === '') return { kind: 'wrong-passphrase' };
      const loaded = await loadPrivateKey(file, passphrase);
      if (loaded.kind === 'key') return loaded;
    }
    this.#findings.skip(`${file} needs its passphrase (or: ssh-add ${file})`);
    return { kind: 'wrong-passphrase' };
  }
}

/** PROTOCOL.agent: the flags that choose the hash of an RSA signature. */
const AGENT_FLAGS: Readonly<Record<string, 2 | 4 | undefined>> = {
  'rsa-sha2-256': 2,
  'rsa-sha2-512': 4,
};
