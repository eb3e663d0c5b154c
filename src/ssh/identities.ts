/**
 * Who we can say we are: the keys and certificates of a login, in the order in which ssh tries them
 * (sshconnect2.c, pubkey_prepare). Reads key files and asks the key agent; sends nothing.
 */
import { describe } from '../base/errors.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import { certifiedKey, isCertificate } from './certificate.ts';
import type { Findings } from './findings.ts';
import type { Identity as HeldKey, KeyAgent } from './key-agent.ts';
import { loadPrivateKey, readForeignKey, readPublicKey, type LoadedKey } from './private-key.ts';
import { refusalOf } from './signature-algorithms.ts';

/** What makes the signatures of an identity. */
export type Signer =
  /** `blob` is the key as the agent holds it. */
  | { readonly kind: 'agent'; readonly blob: Buffer; readonly comment: string }
  | { readonly kind: 'file'; readonly file: string; readonly loaded: LoadedKey };

export interface Identity {
  /** What the server is shown: a key or a certificate. */
  readonly blob: Buffer;
  readonly signer: Signer;
}

export interface IdentitySource {
  readonly options: SshOptions;
  readonly keyAgent: KeyAgent | undefined;
}

const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a !== undefined && b !== undefined && a.equals(b);

/**
 * All that may be tried, in order: certificates of CertificateFile; then what the agent holds, in
 * the agent's order, those first that the configuration names; then what is only in files, each
 * key with the certificate beside it.
 */
export async function identitiesOf(
  source: IdentitySource,
  findings: Findings,
): Promise<Identity[]> {
  const { options } = source;
  const held = await heldKeys(source, findings);
  const files = await Promise.all(options.identityFiles.map(keyFile));
  // Those beside the key files count only where the configuration names none.
  const besides =
    options.certificateFiles.length > 0 ? [] : await Promise.all(files.map(certificateBeside));
  const listed = files.flatMap((file, at) => [...identityOf(file), ...(besides[at] ?? [])]);
  const named = [...listed, ...files.map(({ foreign: blob }) => ({ blob }))];
  const isListed = (key: HeldKey): boolean => named.some(({ blob }) => same(blob, key.blob));
  const isHeld = (blob: Buffer | undefined): boolean => held.some((key) => same(key.blob, blob));
  for (const file of files) if (!isHeld(file.blob ?? file.foreign)) explain(file, findings);
  const others = options.identitiesOnly ? [] : held.filter((key) => !isListed(key));
  const inAgent = [...held.filter(isListed), ...others].map(fromAgent);
  const inFiles = listed.filter(({ blob }) => !isHeld(blob));
  const signing = [...inAgent, ...inFiles.filter(isTried)];
  const certificates = await readCertificates(options.certificateFiles);
  return [
    ...certificates.flatMap((blob) => withSigner(blob, signing)),
    ...inAgent,
    ...inFiles.map((each) => bestSigner(each, signing)).filter(isTried),
  ].filter((each) => isAllowed(each, options, findings));
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

interface KeyFile {
  /** The public key or the certificate, where it can be known without a passphrase. */
  readonly blob: Buffer | undefined;
  /** One of a type that we cannot read: only a key agent can do something with it. */
  readonly foreign: Buffer | undefined;
  readonly signer: Extract<Signer, { kind: 'file' }>;
}

async function keyFile(file: string): Promise<KeyFile> {
  const loaded = await loadPrivateKey(file);
  const inside = 'publicBlob' in loaded ? loaded.publicBlob : undefined;
  // FILE.pub goes first, as for ssh (authfile.c, sshkey_load_public): it may be a certificate.
  const blob = (await readPublicKey(file)) ?? inside;
  const foreign = blob === undefined ? await readForeignKey(file) : undefined;
  return { blob, foreign, signer: { kind: 'file', file, loaded } };
}

function identityOf({ blob, signer }: KeyFile): Identity[] {
  return blob === undefined ? [] : [{ blob, signer }];
}

function fromAgent({ blob, comment }: HeldKey): Identity {
  return { blob, signer: { kind: 'agent', blob, comment } };
}

async function certificateBeside({ signer }: KeyFile): Promise<Identity[]> {
  const blobs = await readCertificates([`${signer.file}-cert`]);
  return blobs.map((blob) => ({ blob, signer }));
}

/** Those of users; what else is there is passed over. */
async function readCertificates(paths: readonly string[]): Promise<Buffer[]> {
  const blobs = await Promise.all(paths.map(readPublicKey));
  return blobs.filter((blob): blob is Buffer => blob !== undefined && !!certifiedKey(blob));
}

/** A certificate and whoever can sign for it, where its key is tried too. */
function withSigner(blob: Buffer, keys: readonly Identity[]): Identity[] {
  const key = certifiedKey(blob);
  const signing = keys.find((each) => same(each.blob, key) || same(each.blob, blob));
  return signing ? [{ blob, signer: signing.signer }] : [];
}

/** A certificate beside a file is signed for by the key agent where that has its key. */
function bestSigner(identity: Identity, keys: readonly Identity[]): Identity {
  const { blob } = identity;
  return isCertificate(blob) ? (withSigner(blob, keys)[0] ?? identity) : identity;
}

/** Whether the server is asked about it: also where OpenSSH alone can sign, who is left to it if the answer is yes. */
function isTried({ signer }: Identity): boolean {
  return signer.kind === 'agent' || ['key', 'encrypted', 'unusable'].includes(signer.loaded.kind);
}

function isAllowed(identity: Identity, options: SshOptions, findings: Findings): boolean {
  const why = refusalOf(identity.blob, options);
  if (why !== undefined) findings.skip(`${labelOf(identity)}: ${why}`);
  return why === undefined;
}

const DEFAULT_KEY = /\/\.ssh\/id_(rsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|xmss|dsa)$/;

/** Why a file gave no private key. */
function explain({ blob, signer: { file, loaded } }: KeyFile, findings: Findings): void {
  if (loaded.kind === 'missing' && !DEFAULT_KEY.test(file)) {
    findings.skip(`no such identity: ${file}`);
  } else if (loaded.kind === 'refused') {
    findings.skip(`${file}: ${loaded.reason}`);
  } else if (loaded.kind === 'unusable') {
    findings.skip(`${file}: ${loaded.reason}`);
    // With its public half the server says whether it is of any use.
    if (blob === undefined) findings.beyond ??= `${file}: ${loaded.reason}`;
  } else if (loaded.kind === 'encrypted' && blob === undefined) {
    // ssh asks for its passphrase to find out; we would ask in vain for keys that nobody wants.
    const why = `${file} is encrypted, and ${file}.pub is not there to tell which key it is`;
    findings.skip(why);
    findings.beyond ??= why;
  }
}

/** Whose it is, for messages. */
export function labelOf({ blob, signer }: Identity): string {
  const name = signer.kind === 'agent' ? signer.comment : signer.file;
  return isCertificate(blob) ? `certificate of ${name}` : name;
}
