/** The current directory, which may be deleted while the process runs. */
import { SshpoolError } from './errors.ts';

/** @throws SshpoolError NO_DIRECTORY */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (thrown) {
    throw SshpoolError.of('NO_DIRECTORY', {}, thrown);
  }
}
