/** Compiles the launcher for this user where the package has none for the machine, as on macOS. */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findLauncher } from '../base/launcher.ts';
import { findProgram } from '../base/programs.ts';
import { packageFile } from '../base/version.ts';
import { checkDir, ensureDir } from '../config/settings/private-directory.ts';

/**
 * Starts the compiler in the background; no call waits for it, and its failure changes nothing. The file is
 * complete when it appears. @throws SshpoolError UNSAFE_PATH where it cannot be placed safely
 */
export function compileLauncher(env: NodeJS.ProcessEnv, uid: number): void {
  const { kind, path } = findLauncher(env);
  if (kind !== 'none' || path === undefined) return;
  if (findProgram('cc', { env, cwd: '/' }) === undefined) return;
  ensureDir(dirname(path));
  checkDir(dirname(path), uid);
  const builder = fileURLToPath(packageFile('scripts/launcher.js'));
  const child = spawn(process.execPath, [builder, path], { env, stdio: 'ignore', cwd: '/' });
  child.on('error', () => undefined);
  child.unref();
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
}
