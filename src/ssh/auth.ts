/**
 * Authentication over the ssh2 link: which keys are tried, in ssh's order (sshconnect2.c,
 * pubkey_prepare), one key per attempt so that the server's MaxAuthTries counts as it does for
 * ssh. Knows the attempts, not the transport.
 */
import type ssh2 from 'ssh2';
import type { AnyAuthMethod, SignCallback, SigningRequestOptions } from 'ssh2';
import { Reader } from '../base/bytes.ts';
import { describe } from '../base/errors.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import { KeyAgent, type Identity } from './key-agent.ts';
import { loadPrivateKey, readPublicKey, type LoadedKey } from './private-key.ts';
import type { Ask } from './prompts.ts';
import { BaseAgent, parseKey } from './ssh2-internals.ts';

export interface AuthRequest {
  readonly options: SshOptions;
  readonly keyAgent: KeyAgent | undefined;
  readonly ask: Ask;
  /** Told what was left out and why; it becomes part of the error if nothing else succeeds. */
  readonly skipped: (why: string) => void;
}

/** ssh_config(5), NumberOfPasswordPrompts. */
const PASSPHRASE_TRIES = 3;

/** Attempts in order, made one at a time: each is asked for only when the one before failed. */
export async function* attempts(request: AuthRequest): AsyncGenerator<AnyAuthMethod> {
  const { options, skipped } = request;
  const username = options.user;
  if (options.pubkeyAuthentication) {
    const held = await agentIdentities(request);
    const files = await Promise.all(options.identityFiles.map(keyFile));
    const named = new Set(files.flatMap(({ blob }) => (blob ? [blob.toString('base64')] : [])));
    const isNamed = ({ blob }: Identity): boolean => named.has(blob.toString('base64'));
    const others = options.identitiesOnly ? [] : held.filter((identity) => !isNamed(identity));
    for (const identity of [...held.filter(isNamed), ...others]) {
      if (request.keyAgent === undefined) break;
      const agent = new OneKeyAgent(request.keyAgent, identity, skipped);
      yield { type: 'agent', username, agent };
    }
    const inAgent = new Set(held.map(({ blob }) => blob.toString('base64')));
    for (const { file, blob, loaded } of files) {
      if (blob && inAgent.has(blob.toString('base64'))) continue;
      const usable = await unlock(file, loaded, request);
      if (usable) yield { type: 'publickey', username, key: usable };
    }
  }
  // A server that asks for nothing is found out last: ssh asks first, but each question costs a
  // round trip, and with keys at hand the answer is nearly always no.
  yield { type: 'none', username };
}

interface KeyFile {
  readonly file: string;
  readonly loaded: LoadedKey;
  /** The public key, where it can be known without a passphrase. */
  readonly blob: Buffer | undefined;
}

async function keyFile(file: string): Promise<KeyFile> {
  const loaded = await loadPrivateKey(file);
  const inside = 'publicBlob' in loaded ? loaded.publicBlob : undefined;
  return { file, loaded, blob: inside ?? (await readPublicKey(file)) };
}

async function agentIdentities({ keyAgent, skipped }: AuthRequest): Promise<Identity[]> {
  if (keyAgent === undefined) return [];
  try {
    return await keyAgent.identities();
  } catch (thrown) {
    // A key agent that is gone is as good as none; key files may still do.
    skipped(`key agent: ${describe(thrown)}`);
    return [];
  }
}

const DEFAULT_KEY = /\/\.ssh\/id_(rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;

/** The key ready for use, asked for its passphrase where it has one; undefined to go on. */
async function unlock(
  file: string,
  loaded: LoadedKey,
  request: AuthRequest,
): Promise<ssh2.ParsedKey | undefined> {
  const { skipped } = request;
  switch (loaded.kind) {
    case 'key':
      return loaded.key;
    case 'missing':
      if (!DEFAULT_KEY.test(file)) skipped(`no such identity: ${file}`);
      return undefined;
    case 'refused':
    case 'unusable':
      skipped(`${file}: ${loaded.reason}`);
      return undefined;
    case 'encrypted':
    case 'wrong-passphrase':
      return decrypt(file, request);
  }
}

async function decrypt(
  file: string,
  { ask, options, skipped }: AuthRequest,
): Promise<ssh2.ParsedKey | undefined> {
  for (let i = 0; i < PASSPHRASE_TRIES && !options.batchMode; i++) {
    const text = `Enter passphrase for key '${file}': `;
    const passphrase = await ask({ text, echo: false });
    if (passphrase === undefined) break;
    // As for ssh, an empty passphrase means: go on without this key.
    if (passphrase === '') return undefined;
    const loaded = await loadPrivateKey(file, passphrase);
    if (loaded.kind === 'key') return loaded.key;
  }
  skipped(`${file} needs its passphrase (or: ssh-add ${file})`);
  return undefined;
}

/** RFC 8332 and PROTOCOL.agent: the flags that choose the hash of an RSA signature. */
const RSA_FLAGS = { sha256: 2, sha512: 4 } as const;

/** Shows ssh2 just one of the keys that a key agent holds. */
class OneKeyAgent extends BaseAgent<ssh2.ParsedKey> {
  readonly #agent: KeyAgent;
  readonly #identity: Identity;
  readonly #skipped: (why: string) => void;

  constructor(agent: KeyAgent, identity: Identity, skipped: (why: string) => void) {
    super();
    this.#agent = agent;
    this.#identity = identity;
    this.#skipped = skipped;
  }

  override getIdentities(
    done: (error: Error | undefined | null, keys?: ssh2.ParsedKey[]) => void,
  ): void {
    const parsed = parseKey(this.#identity.blob) as ssh2.ParsedKey | ssh2.ParsedKey[] | Error;
    if (parsed instanceof Error) {
      const { type, comment } = this.#identity;
      this.#skipped(`key ${comment} of the key agent: ${type} is not supported yet`);
      done(null, []);
      return;
    }
    done(null, [parsed].flat());
  }

  override sign(
    _key: ssh2.ParsedKey | Buffer | string,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const reply = typeof options === 'function' ? options : done;
    const hash = typeof options === 'function' ? undefined : options.hash;
    const flags = hash === 'sha256' || hash === 'sha512' ? RSA_FLAGS[hash] : 0;
    const signed = this.#agent.sign(this.#identity.blob, data, flags);
    signed
      .then((signature) => bareSignature(signature, flags))
      .then(
        (signature) => reply?.(null, signature),
        (thrown: unknown) => {
          this.#skipped(`key ${this.#identity.comment} of the key agent: ${describe(thrown)}`);
          reply?.(thrown instanceof Error ? thrown : new Error(describe(thrown)));
        },
      );
  }
}

/** The signature without its algorithm, which ssh2 adds itself; it must be the one asked for. */
function bareSignature(signature: Buffer, flags: 0 | 2 | 4): Buffer {
  const from = new Reader(signature);
  const algorithm = from.text();
  const wanted = { 0: algorithm, 2: 'rsa-sha2-256', 4: 'rsa-sha2-512' }[flags];
  // An old agent ignores the flags, and its signature would only be refused by the server.
  if (algorithm !== wanted) throw new Error(`it signs by ${algorithm}, not by ${wanted}`);
  return from.string();
}
