/** A server that refuses a pseudo-terminal: output and exit status, compared with ssh. */
import { describe, expect, it } from 'vitest';
import { PROGRAM } from '../support/cli.ts';
import { startFakeServer } from '../support/fake-server.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveTerminals, Terminal } from '../support/terminal.ts';

interface Seen {
  readonly screen: string;
  readonly code: number | null;
}

/** A remote shell without a pseudo-terminal, in which two commands are typed. */
async function shell(sandbox: Sandbox, words: readonly string[]): Promise<Seen> {
  const terminal = Terminal.run(sandbox, words);
  await terminal.shows('PTY allocation request failed on channel 0');
  terminal.type('echo $((40 + 2))\n');
  await terminal.shows('42');
  terminal.type('exit 3\n');
  const code = await terminal.ended;
  return { screen: terminal.screen.replaceAll('\r', ''), code };
}

describe.skipIf(!haveTerminals())('a server that refuses a pseudo-terminal', () => {
  it('still serves a shell, as with ssh', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    const words = ['-F', server.config(), 'fake'];
    const ours = await shell(sandbox, [PROGRAM, 'ssh', ...words]);
    expect(ours.code).toBe(3);
    expect(ours).toEqual(await shell(sandbox, ['ssh', ...words]));
  });

  it('ends a command with -t, as with ssh', async () => {
    await using sandbox = createSandbox();
    const server = await startFakeServer(sandbox);
    const words = ['-t', '-F', server.config(), 'fake', 'echo no'];
    const seen = async (program: readonly string[]): Promise<Seen> => {
      const terminal = Terminal.run(sandbox, [...program, ...words]);
      return { code: await terminal.ended, screen: terminal.screen.replaceAll('\r', '') };
    };
    const ours = await seen([PROGRAM, 'ssh']);
    expect(ours.code).toBe(255);
    expect(ours).toEqual(await seen(['ssh']));
  });
});
