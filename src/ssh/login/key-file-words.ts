/** ssh's message for a key file that it cannot use: the installed ssh-keygen prints the same. */
import { execFile } from 'node:child_process';
import { findProgram } from '../../base/programs.ts';

type Env = NodeJS.ProcessEnv;

/** Reading a small file takes no time; the limit is for a named pipe. */
const LIMIT_MS = 5000;

/** `name` replaces the path. Undefined if OpenSSH can use the file or does not answer. Never rejects. */
export async function keyFileWords(
  file: string,
  name: string,
  env: Env,
): Promise<string | undefined> {
  const said = await askKeygen(file, env);
  if (said === undefined) return undefined;
  const [asLogged, nameAsLogged] = [logged(file), logged(name)];
  // ssh looks for the file first (load_identity_file, sshconnect2.c).
  const prefix = said.startsWith(`${asLogged}: `) ? 'no such identity: ' : '';
  return `${prefix}${said.replaceAll(asLogged, nameAsLogged)}`;
}

/** BEL, BS, HT, LF, CR. */
const LEFT = new Set([0x07, 0x08, 0x09, 0x0a, 0x0d]);

/** As strnvis(3) writes it for entries of ssh's log (log.c: VIS_SAFE, VIS_OCTAL). */
export function logged(text: string): string {
  return [...Buffer.from(text)].map(visible).join('');
}

function visible(byte: number): string {
  if (byte === 0x5c) return '\\\\';
  const isPlain = (byte >= 0x20 && byte < 0x7f) || LEFT.has(byte);
  return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
}

function askKeygen(file: string, env: Env): Promise<string | undefined> {
  const program =
    findProgram('ssh-keygen', { env, cwd: '/' }) ??
    findProgram('ssh-keygen', { env: process.env, cwd: '/' });
  if (program === undefined) return Promise.resolve(undefined);
  // With the empty passphrase that ssh tries first, it asks for none.
  const args = ['-y', '-P', '', '-f', file];
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: LIMIT_MS, env: {} }, (error, _, said) => {
      const isWhole = error && !error.killed && said !== '';
      resolve(isWhole ? said.replace(/\n$/, '') : undefined);
    });
    child.stdin?.end();
  });
}
