import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { envForSsh, findProgram, realSsh, SSH_TRIED } from '../../../src/base/programs.ts';
import { createSandbox } from '../../support/sandbox.ts';

const sandbox = createSandbox();
afterAll(() => sandbox[Symbol.asyncDispose]());

function program(name: string, mode = 0o755): string {
  const file = sandbox.write(name, '#!/bin/sh\n');
  chmodSync(file, mode);
  return file;
}

const ours = program('package/bin/sshpool');
const real = program('real/ssh');
program('closed/ssh', 0o644);
mkdirSync(sandbox.path('folder', 'ssh'), { recursive: true });
for (const [name, to] of [
  ['ours/ssh', ours],
  ['twice/ssh', sandbox.path('ours/ssh')],
  ['nowhere/ssh', sandbox.path('none')],
  ['linked/ssh', real],
] as const) {
  mkdirSync(dirname(sandbox.path(name)));
  symlinkSync(to, sandbox.path(name));
}

const found = (...directories: readonly string[]): string | undefined =>
  realSsh({ PATH: directories.map((name) => sandbox.path(name)).join(':') }, '/');

describe('the real ssh', () => {
  it.each(['ours', 'twice', 'nowhere', 'closed', 'folder', 'absent'])('is not in %s', (name) => {
    expect(found(name)).toBeUndefined();
    expect(found(name, 'real')).toBe(real);
  });

  it('is the target of a link, under the name of the link', () => {
    expect(found('linked', 'real')).toBe(sandbox.path('linked/ssh'));
  });
});

describe('a script that was run as ssh', () => {
  const path = ['linked', 'other'].map((name) => sandbox.path(name)).join(':');
  const other = program('other/ssh');

  it('is passed over by what it runs, also by another name', () => {
    const env = envForSsh(real, { PATH: path });
    expect(env).toEqual({ PATH: path, [SSH_TRIED]: real });
    expect(realSsh(env, '/')).toBe(other);
  });

  it('is passed over with all that were run before it', () => {
    const env = envForSsh(other, envForSsh(real, { PATH: path }));
    expect(realSsh(env, '/')).toBeUndefined();
  });

  it('is not passed over by what a program that is no script runs', () => {
    expect(envForSsh(process.execPath, { PATH: path, [SSH_TRIED]: real })).toEqual({ PATH: path });
  });
});

describe('a program in PATH', () => {
  it.each(['', '.', 'sub/..'])('is looked up from the directory of the caller by %j', (path) => {
    expect(findProgram('ssh', { env: { PATH: path }, cwd: sandbox.path('real') })).toBe(real);
  });

  it("is looked up in the system's default directories if PATH is not set", () => {
    expect(findProgram('sh', { env: {}, cwd: '/' })).toMatch(/\/bin\/sh$/);
  });
});
