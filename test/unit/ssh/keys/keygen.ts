/** Keys and answers of the real ssh-keygen, for comparison with sshpool's own code. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that `using` removes. */
export function makeDirectory(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'sshpool-ssh-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs ssh-keygen and returns its output; throws if it fails. */
export function keygen(...args: readonly string[]): string {
  return execFileSync('ssh-keygen', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** As `keygen`, for commands whose failure is an answer (-F: not found). */
export function askKeygen(...args: readonly string[]): string {
  try {
    return keygen(...args);
  } catch (thrown) {
    return (thrown as { stdout: string }).stdout;
  }
}

/** Makes a key and returns its public part, `TYPE BASE64`. */
export function makeKey(file: string, type: string, ...more: readonly string[]): string {
  const passphrase = more.includes('-N') ? [] : ['-N', ''];
  keygen('-q', '-C', '', '-f', file, '-t', type, ...passphrase, ...more);
  return readFileSync(`${file}.pub`, 'utf8').trim();
}

/** The bytes of a public key `TYPE BASE64`. */
export function blobOf(publicKey: string): Buffer {
  return Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
}
