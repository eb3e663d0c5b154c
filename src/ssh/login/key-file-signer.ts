/** Signs with key files: prompts for a passphrase, and shows ssh's message for a file that it cannot use. */
import { describe } from '../../base/errors.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { certifiedKey } from '../keys/certificate.ts';
import type { Findings } from './findings.ts';
import type { FileSigner } from './identities.ts';
import { givenName } from '../link/given-name.ts';
import { keyFileWords, logged } from './key-file-words.ts';
import { loadPrivateKey, type LoadedKey, type UsableKey } from '../keys/private-key.ts';
import type { Ask, Note } from '../link/prompts.ts';
import { signWith } from '../keys/signature.ts';

export interface KeyFileRequest {
  readonly options: SshOptions;
  readonly ask: Ask;
  readonly note: Note;
  readonly env: NodeJS.ProcessEnv;
}

export class KeyFileSigner {
  readonly #request: KeyFileRequest;
  readonly #findings: Findings;

  constructor(request: KeyFileRequest, findings: Findings) {
    this.#request = request;
    this.#findings = findings;
  }

  /** Undefined if it cannot be used. */
  async load({ file, loaded }: FileSigner): Promise<UsableKey | undefined> {
    if (loaded.kind === 'key') return loaded;
    if (loaded.kind === 'encrypted') return this.#decrypt(file);
    await this.#explain(file, loaded);
    return undefined;
  }

  /** A signature for the server that was shown `blob`; undefined if none can be made. */
  async sign(
    signer: FileSigner,
    blob: Buffer,
    algorithm: string,
    data: Buffer,
  ): Promise<Buffer | undefined> {
    const { file } = signer;
    const usable = await this.load(signer);
    if (usable === undefined) return undefined;
    if (!usable.publicBlob.equals(certifiedKey(blob) ?? blob)) {
      const { options, note } = this.#request;
      this.#findings.skip(`${file} is not the private key of ${file}.pub`);
      const name = logged(givenName(file, options));
      note(`identity_sign: private key ${name} contents do not match public\r`);
      return undefined;
    }
    try {
      return signWith(usable.key, algorithm, data);
    } catch (thrown) {
      // OpenSSL's message, such as for a key that is too short for the hash.
      this.#findings.skip(`${file}: ${describe(thrown)}`);
      return undefined;
    }
  }

  async #decrypt(file: string): Promise<UsableKey | undefined> {
    const { ask, options } = this.#request;
    const text = `Enter passphrase for key '${givenName(file, options)}': `;
    for (let i = 0; i < options.numberOfPasswordPrompts && !options.batchMode; i++) {
      const passphrase = await ask({ text, echo: false });
      if (passphrase === undefined) break;
      // As in ssh, an empty passphrase means: go on without this key.
      if (passphrase.length === 0) return undefined;
      const loaded = await loadPrivateKey(file, passphrase);
      passphrase.fill(0);
      if (loaded.kind === 'key') return loaded;
      if (loaded.kind === 'unusable') {
        await this.#explain(file, loaded);
        return undefined;
      }
    }
    this.#findings.skip(`${file} needs its passphrase (or: ssh-add ${file})`);
    return undefined;
  }

  /** Reports an unusable file, or leaves the login to OpenSSH if that may sign with it. */
  async #explain(file: string, loaded: LoadedKey): Promise<void> {
    const why = 'reason' in loaded ? `${file}: ${loaded.reason}` : `no such identity: ${file}`;
    this.#findings.skip(why);
    if (loaded.kind === 'unusable' && loaded.mayDoForSsh) {
      this.#findings.beyond ??= why;
      return this.#findings.leave();
    }
    const { options, note, env } = this.#request;
    const words = await keyFileWords(file, givenName(file, options), env);
    // ssh logs a missing file at a lower level than other problems.
    const isShown = loaded.kind !== 'missing' || options.showsServerWords;
    if (words !== undefined && isShown) note(words);
  }
}
