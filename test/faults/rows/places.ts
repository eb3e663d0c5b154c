/** Other users, and files that were planted at the paths of the agent's files. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { PROGRAM } from '../../support/cli.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const isRoot = process.getuid?.() === 0;
const OTHER = 65_534;
const skip = isRoot ? undefined : 'only root can be two users';
const UNSAFE = /^sshpool: \S+ is not safe to use: .*\n$/;

/** Runs a program as the other user. */
async function asOther(
  stage: Stage,
  [program = '', ...args]: readonly string[],
): Promise<{ code: number; said: string }> {
  const child = spawn(program, args, {
    ...{ uid: OTHER, gid: OTHER, cwd: '/' },
    env: { ...stage.sandbox.env, HOME: '/', SSH_POOL_FALLBACK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, said: out + err };
}

const KNOCK = `
  require('net').connect(process.argv[1], () => { console.log('in'); process.exit(0); })
    .on('error', (error) => { console.log(error.code); process.exit(1); });`;

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Something else is at the path of the agent's directory; the agent must not create anything there. */
const planted = (name: string, plant: (path: string, stage: Stage) => void): Row => ({
  name,
  made: 'planted before the first call',
  must: '255, says what is not safe; nothing is made there',
  async run(stage) {
    const sshd = await stage.sshd();
    const run = stage.sandbox.run;
    rmSync(run, { recursive: true });
    plant(run, stage);
    await stage.exec({ config: sshd.config() }, { code: 255, stderr: UNSAFE, ran: 0 });
    const victim = stage.sandbox.path('victim');
    for (const place of [run, victim].filter(isDirectory)) {
      stage.must(readdirSync(place).length === 0, `something was made in ${place}`);
    }
    rmSync(run, { recursive: true, force: true });
    mkdirSync(run, { mode: 0o700 });
  },
});

/** Something else is at the path of a file of the agent, in its own directory. */
const inPlaceOf = (
  file: string,
  what: string,
  plant: (path: string, victim: string) => void,
): Row => ({
  name: `${what} in the place of ${file}`,
  made: 'planted before the first call',
  must: 'works, or one line; what a link leads to is not touched',
  async run(stage) {
    const sshd = await stage.sshd();
    const victim = stage.sandbox.write('victim', 'untouched');
    plant(stage.sandbox.path('run', file), victim);
    await stage.exec(
      { config: sshd.config() },
      { code: [0, 255], stderr: /^(?!.*internal error)(sshpool: .*\n)?$/, withinMs: 40_000 },
    );
    stage.must(
      readFileSync(victim, 'utf8') === 'untouched',
      'the file behind the link was changed',
    );
    rmSync(stage.sandbox.path('run', file), { recursive: true, force: true });
    await stage.works(sshd.config());
  },
});

export const placeRows: readonly Row[] = [
  {
    name: "another user at the agent's socket",
    made: `uid ${OTHER} connects to the socket, and calls with our SSH_POOL_RUNTIME_DIR`,
    must: 'not let in; no call reaches the agent',
    skip,
    async run(stage) {
      const sshd = await stage.sshd();
      chmodSync(stage.sandbox.root, 0o755);
      await stage.works(sshd.config());
      const socket = stage.sandbox.path('run', 'agent.sock');
      const knock = await asOther(stage, [process.execPath, '-e', KNOCK, socket]);
      stage.saw(knock.said.trim());
      stage.must(knock.said.trim() === 'EACCES', `the socket said ${knock.said}`);
      const call = await asOther(stage, [PROGRAM, 'exec', 'box', 'true']);
      stage.saw(`${call.code}`);
      stage.must(call.code === 255 && call.said.split('\n').length === 2, call.said);
    },
  },
  {
    ...planted("the agent's directory belongs to another user", (path) => {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, OTHER, OTHER);
    }),
    skip,
  },
  planted("others may enter the agent's directory", (path) => {
    mkdirSync(path);
    chmodSync(path, 0o777);
  }),
  planted("a link in the place of the agent's directory", (path, stage) => {
    mkdirSync(stage.sandbox.path('victim'), { mode: 0o700 });
    symlinkSync(stage.sandbox.path('victim'), path);
  }),
  planted("a file in the place of the agent's directory", (path) => writeFileSync(path, '')),
  inPlaceOf('agent.sock', 'a directory', (path) => mkdirSync(path)),
  inPlaceOf('agent.sock', 'a link', (path, victim) => symlinkSync(victim, path)),
  inPlaceOf('agent.lock', 'a link', (path, victim) => symlinkSync(victim, path)),
];
