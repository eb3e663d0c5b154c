/** The examples of docs/LIBRARY.md run unchanged and print what their comments say. */
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, stopAgentAtTheEnd } from '../support/cli.ts';
import { ROOT } from '../support/package.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { haveSshd, startSshd } from '../support/sshd.ts';

const page = readFileSync(join(ROOT, 'docs/LIBRARY.md'), 'utf8');
const examples = [...page.matchAll(/^## (.*)\n[^#]*?^```js\n([\s\S]*?)^```$/gm)].map(
  ([, title = '', code = '']): [string, string] => [title, code],
);

/** Replaces docker on the server of the examples. */
const DOCKER = `#!/bin/sh
case "$*" in
  *" ls "*) echo '[{"Name":"shop","Status":"running(1), exited(1)","ConfigFiles":"/srv/compose.yaml"}]';;
  *" ps "*)
    echo '{"Name":"shop-web-1","Service":"web","State":"running","ExitCode":0,"Publishers":null}'
    echo '{"Name":"shop-job-1","Service":"job","State":"exited","ExitCode":1,"Publishers":null}';;
esac
`;

/** The output that the comments of an example promise: comments behind a call, and on their own line. */
function announced(code: string): string {
  const lines = [...code.matchAll(/(?:console\.log\(.*\); |^)\/\/ (.*)$/gm)];
  return lines.map(([, line]) => `${line}\n`).join('');
}

/** Node 20 has no `using` yet; TypeScript and newer versions have. */
function withoutUsing(code: string): string {
  return (
    code.replaceAll(/^await using (\w+) = (.*)$/gm, 'const $1 = $2') +
    (code.includes('await using pool') ? 'await pool.closeAll();\n' : '')
  );
}

describe.skipIf(!haveSshd())('the examples of the documentation', () => {
  let sandbox: Sandbox;
  let path: string;

  beforeAll(async () => {
    sandbox = createSandbox();
    chmodSync(sandbox.write('remote/docker', DOCKER), 0o755);
    const remote = `PATH=${sandbox.path('remote')}:${sandbox.env['PATH']}`;
    const web = await startSshd(sandbox, { name: 'web', options: { SetEnv: remote } });
    stopAgentAtTheEnd(sandbox);
    mkdirSync(sandbox.path('program/node_modules'), { recursive: true });
    symlinkSync(ROOT, sandbox.path('program/node_modules/sshpool'));
    // The ssh of this machine, with the configuration of the test.
    const ssh = sandbox.write('bin/ssh', `#!/bin/sh\nexec /usr/bin/ssh -F ${web.config()} "$@"\n`);
    chmodSync(ssh, 0o755);
    path = `${sandbox.path('bin')}:${sandbox.env['PATH']}`;
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  it('exist', () => {
    expect(examples.map(([title]) => title)).toEqual([
      'One command',
      'Errors',
      'A pool',
      'Streams',
      'Docker compose and resources',
      "The connections of the user's agent",
    ]);
  });

  it.each(examples)('%s', async (title, code) => {
    const file = sandbox.write(`program/${title.replaceAll(/\W/g, '-')}.mjs`, withoutUsing(code));
    const ran = await runProgram(sandbox, [process.execPath, file], { env: { PATH: path } });
    expect(ran.stderr).toBe('');
    expect(ran.stdout.toString()).toBe(announced(code));
  });
});
