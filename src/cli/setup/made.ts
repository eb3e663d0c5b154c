/** Makes files and links, and takes back what was made and has not changed since. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstat,
  mkdir,
  readFile,
  readlink,
  rmdir,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, SshpoolError } from '../../base/errors.ts';
import { replaceFile } from '../../base/replace-file.ts';
import { packageFile } from '../../base/version.ts';
import type { Step } from './steps.ts';

/** One thing that setup made; `is` is the digest of a file, or where a link leads. */
export interface Made {
  readonly path: string;
  readonly kind: 'file' | 'link' | 'directory';
  readonly is: string;
}

/** `taken`: something that setup did not make is in the way, and is left alone. */
export type MakeOutcome = 'made' | 'updated' | 'unchanged' | 'taken';

/** `kept`: it has changed since setup made it, so it is left alone. */
export type UndoOutcome = 'removed' | 'kept' | 'gone';

const digest = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex');

type Found = Pick<Made, 'kind' | 'is'>;

/** What stands at `path` now; undefined for nothing. */
async function found(path: string): Promise<Found | undefined> {
  try {
    const facts = await lstat(path);
    if (facts.isSymbolicLink()) return { kind: 'link', is: await readlink(path) };
    if (facts.isFile()) return { kind: 'file', is: digest(await readFile(path)) };
    return { kind: 'directory', is: '' };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Adds to `made` what it makes, at once, so that an error later loses no record of it. @throws SshpoolError SETUP_FAILED */
export async function make(step: Step, made: Made[]): Promise<MakeOutcome> {
  try {
    return await makeOne(step, made);
  } catch (thrown) {
    throw SshpoolError.of('SETUP_FAILED', { path: step.path, reason: describe(thrown) }, thrown);
  }
}

async function makeOne(step: Step, made: Made[]): Promise<MakeOutcome> {
  const before = await found(step.path);
  const earlier = made.findIndex(({ path }) => path === step.path);
  if (isWanted(step, before)) return 'unchanged';
  const isOurs = before !== undefined && before.is === made[earlier]?.is;
  if (before !== undefined && !isOurs) return 'taken';
  await makeDirectory(dirname(step.path), made);
  await replaceFile(step.path, (temporary) => write(step, temporary));
  if (earlier >= 0) made.splice(earlier, 1);
  const after = await found(step.path);
  if (after !== undefined) made.push({ path: step.path, ...after });
  return isOurs ? 'updated' : 'made';
}

function isWanted(step: Step, before: Found | undefined): boolean {
  switch (step.kind) {
    case 'file':
      return before?.kind === 'file' && before.is === digest(step.content);
    case 'link':
      return before?.kind === 'link' && before.is === step.to;
    case 'compiled':
      // Its name is that of its source.
      return before?.kind === 'file';
  }
}

async function write(step: Step, path: string): Promise<void> {
  switch (step.kind) {
    case 'file':
      return writeFile(path, step.content, { mode: 0o644, flag: 'wx' });
    case 'link':
      return symlink(step.to, path);
    case 'compiled':
      return compile(path);
  }
}

async function compile(path: string): Promise<void> {
  const builder = fileURLToPath(packageFile('scripts/launcher.js'));
  try {
    await promisify(execFile)(process.execPath, [builder, path]);
  } catch (thrown) {
    const [line] = (thrown as { readonly stderr: string }).stderr.split('\n');
    throw new Error(`the C compiler failed: ${line}`, { cause: thrown });
  }
}

/** Adds to `made` each directory that it makes. */
export async function makeDirectory(path: string, made: Made[]): Promise<void> {
  if ((await found(path)) !== undefined) return;
  await makeDirectory(dirname(path), made);
  await mkdir(path, { mode: 0o700 });
  made.push({ path, kind: 'directory', is: '' });
}

/** @throws SshpoolError SETUP_FAILED */
export async function unmake(one: Made): Promise<UndoOutcome> {
  try {
    return await unmakeOne(one);
  } catch (thrown) {
    throw SshpoolError.of('SETUP_FAILED', { path: one.path, reason: describe(thrown) }, thrown);
  }
}

async function unmakeOne({ path, kind, is }: Made): Promise<UndoOutcome> {
  const now = await found(path);
  if (now === undefined) return 'gone';
  if (now.kind !== kind || now.is !== is) return 'kept';
  try {
    if (kind === 'directory') await rmdir(path);
    else await unlink(path);
  } catch (thrown) {
    // Something else has been put into the directory.
    if ((thrown as NodeJS.ErrnoException).code === 'ENOTEMPTY') return 'kept';
    throw thrown;
  }
  return 'removed';
}
