/** The current directory, which may have been deleted under us. */
import { SshpoolError } from './errors.ts';

/** @throws SshpoolError NO_DIRECTORY */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (thrown) {
    throw SshpoolError.of('NO_DIRECTORY', {}, thrown);
  }
}
