/**
 * Whether a server's host key is trusted: known_hosts decides, StrictHostKeyChecking says what
 * becomes of an unknown one, and a person may accept it. Asked before any authentication.
 */
import { SshpoolError } from '../base/errors.ts';
import type { SshOptions } from '../config/ssh-options.ts';
import {
  appendKnownHost,
  fingerprint,
  judge,
  keyTypeLabel,
  knownHostLine,
  type KnownHost,
  type LookupName,
} from './known-hosts.ts';
import type { Ask } from './prompts.ts';

export interface HostKeyRequest {
  readonly options: SshOptions;
  readonly known: readonly KnownHost[];
  readonly name: LookupName;
  readonly ask: Ask;
  readonly note: (text: string) => void;
}

/**
 * Resolves where the key may be trusted, to the line that says so, if there was one.
 * @throws SshpoolError HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, HOST_KEY_REVOKED
 */
export async function verifyHostKey(
  request: HostKeyRequest,
  key: Buffer,
): Promise<KnownHost | undefined> {
  const { known, name } = request;
  const verdict = judge(known, name, key);
  const host = name.name;
  const facts = { host, keyType: keyTypeLabel(key), fingerprint: fingerprint(key) };
  switch (verdict.kind) {
    case 'match':
      return verdict.entry;
    case 'changed':
      // Also with StrictHostKeyChecking=no, where ssh would go on without passwords: a pool that
      // keeps a connection for later callers must not keep one to a stranger.
      throw SshpoolError.of('HOST_KEY_CHANGED', { ...facts, ...placeOf(verdict.entry) });
    case 'revoked':
      throw SshpoolError.of('HOST_KEY_REVOKED', { ...facts, ...placeOf(verdict.entry) });
    case 'unknown':
      await acceptUnknown(request, key, facts);
      return undefined;
  }
}

function placeOf({ file, line }: KnownHost): { file: string; line: number } {
  return { file, line };
}

interface Facts {
  readonly host: string;
  readonly keyType: string;
  readonly fingerprint: string;
}

async function acceptUnknown(request: HostKeyRequest, key: Buffer, facts: Facts): Promise<void> {
  const { strictHostKeyChecking, batchMode } = request.options;
  if (strictHostKeyChecking === 'yes') refuse(facts, 'StrictHostKeyChecking is yes');
  if (strictHostKeyChecking === 'ask') {
    if (batchMode) refuse(facts, 'BatchMode is yes');
    await askPerson(request, facts);
  }
  await remember(request, key, facts);
}

function refuse(facts: Facts, why: string): never {
  const hint = `${why}; to accept it, compare the fingerprint and connect once with ssh, or use -o StrictHostKeyChecking=accept-new`;
  throw SshpoolError.of('HOST_KEY_UNKNOWN', { ...facts, hint });
}

/** sshconnect.c's question, and its answers: yes, no, or the fingerprint itself. */
async function askPerson({ ask, options }: HostKeyRequest, facts: Facts): Promise<void> {
  const { host } = facts;
  const at = (options.proxyCommand ?? options.proxyJump) ? host : `${host} (${options.hostname})`;
  let text =
    `The authenticity of host '${at}' can't be established.\n` +
    `${facts.keyType} key fingerprint is ${facts.fingerprint}.\n` +
    `Are you sure you want to continue connecting (yes/no/[fingerprint])? `;
  for (;;) {
    // One question after the other: each answer decides whether there is another.
    const answer = (await ask({ text, echo: true }))?.trim();
    if (answer === undefined) refuse(facts, 'there is no terminal to ask on');
    if (answer === 'yes' || answer === facts.fingerprint) return;
    if (answer === 'no') refuse(facts, 'you answered no');
    text = "Please type 'yes', 'no' or the fingerprint: ";
  }
}

async function remember(request: HostKeyRequest, key: Buffer, facts: Facts): Promise<void> {
  const { options, note } = request;
  const [file] = options.userKnownHostsFiles;
  if (file === undefined) return;
  const line = knownHostLine(facts.host, key, { hashed: options.hashKnownHosts });
  try {
    await appendKnownHost(file, line);
    note(
      `Warning: Permanently added '${facts.host}' (${facts.keyType}) to the list of known hosts.`,
    );
  } catch (thrown) {
    // As ssh: the key was accepted for this time, it just cannot be remembered.
    note(
      `Failed to add the host to the list of known hosts (${file}): ${SshpoolError.from(thrown).message}`,
    );
  }
}
