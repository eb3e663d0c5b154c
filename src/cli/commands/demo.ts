/** `sshpool demo`: the program in the package's directory demo, which is not compiled. */
import { packageFile } from '../../base/version.ts';

interface Demo {
  readonly demo: () => Promise<number>;
}

/** Resolves to the exit status. */
export async function demo(): Promise<number> {
  // It ends what it has started, also if its output is closed; other commands just end.
  process.stdout.removeAllListeners('error');
  const program = (await import(packageFile('demo/demo.js').href)) as Demo;
  return program.demo();
}
