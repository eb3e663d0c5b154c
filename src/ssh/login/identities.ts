/** The keys and certificates that a login tries, in ssh's order (sshconnect2.c, pubkey_prepare). */
import { describe } from '../../base/errors.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { certifiedKey, isCertificate } from '../keys/certificate.ts';
import type { Findings } from './findings.ts';
import type { AgentIdentity as HeldKey, KeyAgent } from '../keys/key-agent.ts';
import {
  loadPrivateKey,
  readForeignKey,
  readPublicKey,
  type LoadedKey,
} from '../keys/private-key.ts';
import { canonicalKey } from '../keys/public-key.ts';
import { refusalOf } from '../keys/signature-algorithms.ts';

export type Signer =
  /** `blob` is the key as the key agent holds it. */
  { readonly kind: 'agent'; readonly blob: Buffer; readonly comment: string } | FileSigner;

export interface FileSigner {
  readonly kind: 'file';
  /** Absolute. */
  readonly file: string;
  readonly loaded: LoadedKey;
}

export interface Identity {
  /** What to show to the server. Undefined if it is unknown until its turn. */
  readonly blob: Buffer | undefined;
  readonly signer: Signer;
}

export interface IdentitySource {
  readonly options: SshOptions;
  readonly keyAgent: KeyAgent | undefined;
}

const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a !== undefined && b !== undefined && a.equals(b);

/** In order: CertificateFile; the agent's keys, configured ones first; other files, with certificates. */
export async function identitiesOf(
  source: IdentitySource,
  findings: Findings,
): Promise<Identity[]> {
  const { options } = source;
  const held = await heldKeys(source, findings);
  const files = await Promise.all(options.identityFiles.map((file) => keyFile(file, options)));
  // Certificates beside the key files count only if the configuration names none.
  const besides =
    options.certificateFiles.length > 0 ? [] : await Promise.all(files.map(certificateBeside));
  const listed = files.flatMap((file, at) => [
    ...identityOf(file, options),
    ...(besides[at] ?? []),
  ]);
  const isListed = (key: HeldKey): boolean => listed.some(({ blob }) => same(blob, key.blob));
  const isHeld = (blob: Buffer | undefined): boolean => held.some((key) => same(key.blob, blob));
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
    // A key agent that fails counts as none; key files may still succeed.
    findings.skip(`key agent: ${describe(thrown)}`);
    return [];
  }
}

interface KeyFile {
  /** The public key or the certificate, where it can be known without a passphrase. */
  readonly blob: Buffer | undefined;
  readonly signer: FileSigner;
}

async function keyFile(file: string, options: SshOptions): Promise<KeyFile> {
  const loaded = await loadPrivateKey(file);
  const inside = 'publicBlob' in loaded ? loaded.publicBlob : undefined;
  // FILE.pub goes first, as for ssh (authfile.c, sshkey_load_public): it may be a certificate.
  const known = (await readPublicKey(file)) ?? inside;
  // An encrypted file that does not name its key is too old for a type that sshpool cannot read.
  const blob = known ?? (loaded.kind === 'encrypted' ? undefined : await readForeignKey(file));
  const isReadable = blob === undefined || canonicalKey(blob) !== undefined;
  // By default ssh accepts all types that it knows: it cannot read one that it refuses either.
  if (isReadable || refusalOf(blob, options) === undefined) {
    return { blob, signer: { kind: 'file', file, loaded } };
  }
  const useless = loaded.kind === 'unusable' ? { ...loaded, mayDoForSsh: false } : loaded;
  return { blob: undefined, signer: { kind: 'file', file, loaded: useless } };
}

const DEFAULT_KEY = /^~\/\.ssh\/id_[a-z0-9_]+$/;

/** Whether the user names no key file: `ssh -G` then prints ssh's defaults, at least five. */
function areDefaults({ all }: SshOptions): boolean {
  const given = all.get('identityfile') ?? [];
  return given.length > 4 && given.every((name) => DEFAULT_KEY.test(name));
}

/** Also a file without a key: ssh reports it when its turn comes. */
function identityOf({ blob, signer }: KeyFile, options: SshOptions): Identity[] {
  const isDefault = signer.loaded.kind === 'missing' && areDefaults(options);
  return blob === undefined && isDefault ? [] : [{ blob, signer }];
}

function fromAgent({ blob, comment }: HeldKey): Identity {
  return { blob, signer: { kind: 'agent', blob, comment } };
}

async function certificateBeside({ signer }: KeyFile): Promise<Identity[]> {
  const blobs = await readCertificates([`${signer.file}-cert`]);
  return blobs.map((blob) => ({ blob, signer }));
}

async function readCertificates(paths: readonly string[]): Promise<Buffer[]> {
  const blobs = await Promise.all(paths.map(readPublicKey));
  return blobs.filter((blob): blob is Buffer => blob !== undefined && !!certifiedKey(blob));
}

/** Only if the certified key is tried too. */
function withSigner(blob: Buffer, keys: readonly Identity[]): Identity[] {
  const key = certifiedKey(blob);
  const signing = keys.find((each) => same(each.blob, key) || same(each.blob, blob));
  return signing ? [{ blob, signer: signing.signer }] : [];
}

/** For a certificate beside a file the key agent signs, if it has the key. */
function bestSigner(identity: Identity, keys: readonly Identity[]): Identity {
  const { blob } = identity;
  return blob && isCertificate(blob) ? (withSigner(blob, keys)[0] ?? identity) : identity;
}

/** Also if only OpenSSH can sign: it takes over when the server accepts the key. */
function isTried({ blob, signer }: Identity): boolean {
  return signer.kind === 'agent' || signer.loaded.kind !== 'missing' || blob === undefined;
}

export function isAllowed(identity: Identity, options: SshOptions, findings: Findings): boolean {
  const why = identity.blob && refusalOf(identity.blob, options);
  if (why !== undefined) findings.skip(`${labelOf(identity)}: ${why}`);
  return why === undefined;
}

export function labelOf({ blob, signer }: Identity): string {
  const name = signer.kind === 'agent' ? signer.comment : signer.file;
  return blob && isCertificate(blob) ? `certificate of ${name}` : name;
}
