/** Whether a host key is trusted: by known_hosts; an unknown one by StrictHostKeyChecking and the user. */
import { SshpoolError } from '../../base/errors.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { ASK_AGAIN, hostKeyQuestion, parseHostKeyAnswer } from './host-key-question.ts';
import { appendKnownHost } from './known-hosts-file.ts';
import {
  fingerprint,
  judge,
  keyTypeLabel,
  labelOfType,
  knownHostLine,
  otherNames,
  parseKnownHosts,
  type KnownHost,
  type LookupName,
} from './known-hosts-lines.ts';
import type { Ask } from '../link/prompts.ts';
import { givenName } from '../link/given-name.ts';
import { sshVersion } from '../link/ssh-version.ts';

export interface HostKeyRequest {
  readonly options: SshOptions;
  readonly known: readonly KnownHost[];
  readonly name: LookupName;
  /** The other end of the connection; undefined where a proxy or a jump host is in between. */
  readonly address: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly ask: Ask;
  readonly note: (text: string) => void;
}

/**
 * Resolves to the key's line of known_hosts, old or just confirmed; undefined if accepted unconfirmed.
 * @throws SshpoolError HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, HOST_KEY_REVOKED
 */
export async function verifyHostKey(
  request: HostKeyRequest,
  key: Buffer,
): Promise<KnownHost | undefined> {
  const { options, known, name } = request;
  const verdict = judge(known, name, key);
  const host = name.name;
  const print = fingerprint(key, options.fingerprintHash);
  const facts = { host, keyType: keyTypeLabel(key), fingerprint: print };
  switch (verdict.kind) {
    case 'match':
      return verdict.entry;
    case 'changed': {
      // Also with StrictHostKeyChecking=no, unlike ssh: later callers must not share a link to an impostor.
      const refused = { ...facts, ...placeOf(verdict.entry, options) };
      const [ownFile = refused.file] = [
        ...options.userKnownHostsFiles,
        ...options.globalKnownHostsFiles,
      ];
      const other = {
        ...{ file: givenName(refused.file, options), ownFile: givenName(ownFile, options) },
        keyType: labelOfType(verdict.entry.keyType),
      };
      throw SshpoolError.of('HOST_KEY_CHANGED', { ...refused, other });
    }
    case 'revoked':
      throw SshpoolError.of('HOST_KEY_REVOKED', { ...facts, ...placeOf(verdict.entry, options) });
    case 'unknown':
      return acceptUnknown(request, key, facts);
  }
}

function placeOf(
  { file, line }: KnownHost,
  { strictHostKeyChecking }: SshOptions,
): { file: string; line: number; sshGoesOn: boolean } {
  return { file, line, sshGoesOn: strictHostKeyChecking === 'no' };
}

const STRICT = 'StrictHostKeyChecking is yes';
const NO_FILE = 'UserKnownHostsFile is none, and an unknown key could not be written down';
const REMEDY =
  'to accept it, compare the fingerprint and connect once with ssh, or use -o StrictHostKeyChecking=accept-new';

interface Facts {
  readonly host: string;
  readonly keyType: string;
  readonly fingerprint: string;
}

async function acceptUnknown(
  request: HostKeyRequest,
  key: Buffer,
  facts: Facts,
): Promise<KnownHost | undefined> {
  const { strictHostKeyChecking, batchMode, userKnownHostsFiles } = request.options;
  // If no key can be recorded, ssh accepts none.
  if (userKnownHostsFiles.length === 0) refuse(facts, NO_FILE, 'name a file with it');
  if (strictHostKeyChecking === 'yes') refuse(facts, STRICT);
  if (strictHostKeyChecking !== 'ask') {
    await remember(request, key, facts);
    return undefined;
  }
  if (batchMode) refuse(facts, 'BatchMode is yes');
  await askPerson(request, key, facts);
  return remember(request, key, facts);
}

function refuse(facts: Facts, why: string, remedy = REMEDY): never {
  const isStrict = why === STRICT;
  throw SshpoolError.of('HOST_KEY_UNKNOWN', { ...facts, hint: `${why}; ${remedy}`, isStrict });
}

async function askPerson(request: HostKeyRequest, key: Buffer, facts: Facts): Promise<void> {
  const { ask, known, name, address, env, options } = request;
  const others = otherNames(known, name, key);
  const unknown = {
    ...{ ...facts, address, port: options.port, home: env['HOME'] },
    others: others.map((other) => ({ ...other, file: givenName(other.file, options) })),
    version: await sshVersion(env),
  };
  for (let text = hostKeyQuestion(unknown); ; text = ASK_AGAIN) {
    const answer = await ask({ text, echo: true });
    if (answer === undefined) refuse(facts, 'there is no terminal to ask on, or no answer');
    const verdict = parseHostKeyAnswer(answer.toString(), facts.fingerprint);
    if (verdict === 'yes') return;
    if (verdict === 'no') refuse(facts, 'you answered no');
  }
}

/** Returns the line that was added, even if it could not be written. */
async function remember(
  { options, note }: HostKeyRequest,
  key: Buffer,
  { host, keyType }: Facts,
): Promise<KnownHost | undefined> {
  const [file] = options.userKnownHostsFiles;
  if (file === undefined) return undefined;
  const line = knownHostLine(host, key, { hashed: options.hashKnownHosts });
  const say = (text: string): void => {
    if (options.showsServerWords) note(text);
  };
  try {
    await appendKnownHost(file, line);
    say(`Warning: Permanently added '${host}' (${keyType}) to the list of known hosts.\r`);
  } catch {
    // As in ssh: the key is accepted this time, but not recorded.
    say(`Failed to add the host to the list of known hosts (${givenName(file, options)}).\r`);
  }
  return parseKnownHosts(line, file)[0];
}
