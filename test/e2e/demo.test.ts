/** `sshpool demo`. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { PROGRAM, runCli, runProgram, spawnCli } from '../support/cli.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

/** Where the demo makes its files. */
function temporary(sandbox: Sandbox): { env: { TMPDIR: string } } {
  const TMPDIR = sandbox.path('t');
  mkdirSync(TMPDIR);
  return { env: { TMPDIR } };
}

describe('sshpool demo', () => {
  it('measures warm calls, and leaves nothing', async () => {
    await using sandbox = createSandbox();
    const options = temporary(sandbox);
    const done = await runCli(sandbox, ['demo'], options);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout.toString()).toMatch(/^reuse +95\.2% \(20 hits, 1 misses\)$/m);
    expect(readdirSync(options.env.TMPDIR)).toEqual([]);
    // The user's own agent takes no part.
    expect(existsSync(sandbox.paths.socket)).toBe(false);
  });

  it('ends with everything that it has started where its output is closed', async () => {
    await using sandbox = createSandbox();
    const options = temporary(sandbox);
    const done = await runProgram(sandbox, ['/bin/sh', '-c', `${PROGRAM} demo | head -1`], options);
    expect(done.stderr).toBe('demo: its output cannot be written (EPIPE)\n');
    expect(readdirSync(options.env.TMPDIR)).toEqual([]);
  });

  it('ends with everything that it has started on SIGINT', async () => {
    await using sandbox = createSandbox();
    const options = temporary(sandbox);
    const demo = spawnCli(sandbox, ['demo'], options);
    const said = text(demo.stderr);
    demo.stdout.on('data', (chunk) => {
      if (String(chunk).includes('cold')) demo.kill('SIGINT');
    });
    expect(await once(demo, 'exit')).toEqual([1, null]);
    expect(await said).toBe('demo: stopped by SIGINT\n');
    expect(readdirSync(options.env.TMPDIR)).toEqual([]);
  });
});
