/**
 * Who we can say we are: the keys and certificates of a login, in the order in which ssh tries them
 * (sshconnect2.c, pubkey_prepare). Reads key files and asks the key agent; sends nothing.
 */
import { describe } from '../base/errors.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import { certifiedKey, isCertificate, plainName } from './certificate.ts';
import type { Findings } from './findings.ts';
import type { Identity as HeldKey, KeyAgent } from './key-agent.ts';
import { loadPrivateKey, readPublicKey, type LoadedKey } from './private-key.ts';
import { publicKeyType } from './public-key.ts';

/** What makes the signatures of an identity. */
export type Signer =
  /** `blob` is the key as the agent holds it. */
  | { readonly kind: 'agent'; readonly blob: Buffer; readonly comment: string }
  | { readonly kind: 'file'; readonly file: string; readonly loaded: LoadedKey };

export interface Identity {
  /** What the server is shown: a key or a certificate. */
  readonly blob: Buffer;
  /** Its wire type. */
  readonly type: string;
  readonly signer: Signer;
}

interface KeyFile {
  readonly file: string;
  readonly loaded: LoadedKey;
  /** The public key, where it can be known without a passphrase. */
  readonly blob: Buffer | undefined;
}

export interface IdentitySource {
  readonly options: SshOptions;
  readonly keyAgent: KeyAgent | undefined;
}

const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a !== undefined && b !== undefined && a.equals(b);

/** All that may be tried, in order; certificates of CertificateFile first. */
export async function identitiesOf(
  source: IdentitySource,
  findings: Findings,
): Promise<Identity[]> {
  const { options } = source;
  const held = await heldKeys(source, findings);
  const files = await Promise.all(options.identityFiles.map(keyFile));
  const named = files.flatMap((file) => fromFile(file, held));
  const inAgent = named.filter(({ signer }) => signer.kind === 'agent');
  const others = options.identitiesOnly
    ? []
    : held.filter((key) => !inAgent.some(({ blob }) => same(blob, key.blob))).map(fromAgent);
  const certificates = await certificatesOf(options, files, held);
  const inFiles = named.filter(({ signer }) => signer.kind === 'file');
  const all = [...certificates, ...inAgent, ...others, ...inFiles];
  const isHeld = (blob: Buffer | undefined): boolean => held.some((key) => same(key.blob, blob));
  for (const { file, loaded, blob } of files)
    if (!isHeld(blob)) explain({ file, loaded, blob }, findings);
  return all.filter(({ type }) => isAllowed(type, options.pubkeyAcceptedAlgorithms));
}

async function heldKeys({ keyAgent }: IdentitySource, findings: Findings): Promise<HeldKey[]> {
  if (keyAgent === undefined) return [];
  try {
    return await keyAgent.identities();
  } catch (thrown) {
    // A key agent that is gone is as good as none; key files may still do.
    findings.skip(`key agent: ${describe(thrown)}`);
    return [];
  }
}

async function keyFile(file: string): Promise<KeyFile> {
  const loaded = await loadPrivateKey(file);
  const inside = 'publicBlob' in loaded ? loaded.publicBlob : undefined;
  return { file, loaded, blob: inside ?? (await readPublicKey(file)) };
}

function fromAgent({ blob, type, comment }: HeldKey): Identity {
  return { blob, type, signer: { kind: 'agent', blob, comment } };
}

/** A key that the agent holds too is the agent's, which asks for no passphrase. */
function fromFile({ file, loaded, blob }: KeyFile, held: readonly HeldKey[]): Identity[] {
  if (blob === undefined) return [];
  const inAgent = held.find((key) => same(key.blob, blob));
  if (inAgent) return [fromAgent(inAgent)];
  const type = publicKeyType(blob);
  const isUsable = loaded.kind === 'key' || loaded.kind === 'encrypted';
  return type && isUsable ? [{ blob, type, signer: { kind: 'file', file, loaded } }] : [];
}

/** Those of CertificateFile, or else those beside the key files; each with whoever can sign. */
async function certificatesOf(
  { certificateFiles, identityFiles }: SshOptions,
  files: readonly KeyFile[],
  held: readonly HeldKey[],
): Promise<Identity[]> {
  const paths =
    certificateFiles.length > 0 ? certificateFiles : identityFiles.map((file) => `${file}-cert`);
  const blobs = await Promise.all(paths.map(readPublicKey));
  return blobs.flatMap((blob): Identity[] => {
    const key = blob && certifiedKey(blob);
    const type = blob && publicKeyType(blob);
    if (!blob || !key || type === undefined) return [];
    const inAgent = held.find((each) => same(each.blob, blob) || same(each.blob, key));
    if (inAgent) return [{ ...fromAgent(inAgent), blob, type }];
    const file = files.find((each) => same(each.blob, key));
    if (!file) return [];
    return [{ blob, type, signer: { kind: 'file', file: file.file, loaded: file.loaded } }];
  });
}

const DEFAULT_KEY = /\/\.ssh\/id_(rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;

/** Why a file gave no private key. */
function explain({ file, loaded, blob }: KeyFile, findings: Findings): void {
  if (loaded.kind === 'missing' && !DEFAULT_KEY.test(file)) {
    findings.skip(`no such identity: ${file}`);
  } else if (loaded.kind === 'refused') {
    findings.skip(`${file}: ${loaded.reason}`);
  } else if (loaded.kind === 'unusable') {
    leaveToOpenssh(`${file}: ${loaded.reason}`, findings);
  } else if (loaded.kind === 'encrypted' && blob === undefined) {
    // ssh asks for its passphrase to find out; we would ask in vain for keys that nobody wants.
    leaveToOpenssh(
      `${file} is encrypted, and ${file}.pub is not there to tell which key it is`,
      findings,
    );
  }
}

function leaveToOpenssh(why: string, findings: Findings): void {
  findings.skip(why);
  findings.beyond ??= why;
}

/** Whether PubkeyAcceptedAlgorithms has an algorithm by which a key of this type may sign. */
function isAllowed(type: string, accepted: readonly string[]): boolean {
  return accepted.length === 0 || algorithmsOf(type).some((name) => accepted.includes(name));
}

/** The signature algorithms of a key type, the strongest first (RFC 8332 for RSA). */
export function algorithmsOf(type: string): readonly string[] {
  if (plainName(type) !== 'ssh-rsa') return [type];
  const suffix = type.slice('ssh-rsa'.length);
  return ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'].map((name) => `${name}${suffix}`);
}

/** Whether it is a certificate, for messages. */
export function labelOf({ blob, signer }: Identity): string {
  const name = signer.kind === 'agent' ? signer.comment : signer.file;
  return isCertificate(blob) ? `certificate of ${name}` : name;
}
