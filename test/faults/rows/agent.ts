/** Faults of the agent's process and of its files. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { startAgent } from '../../support/agent-process.ts';
import { alive, openFiles, signal, until } from '../../support/process.ts';
import type { Sshd } from '../../support/sshd.ts';
import { poolStats } from '../../support/stats.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';

const AGENT_ENDED = /^sshpool: the sshpool agent ended unexpectedly; .*\n$/;
const SILENT = /^sshpool: the sshpool agent does not answer.*\n$/;
/** A hello is due within 5 s, an answer to a request within 10 s. */
const PATIENCE_MS = 25_000;

interface Running {
  readonly config: string;
  readonly pid: number;
  readonly sshd: Sshd;
}

async function running(stage: Stage): Promise<Running> {
  const sshd = await stage.sshd();
  const config = sshd.config();
  await stage.works(config);
  return { config, sshd, pid: (await poolStats(stage.sandbox)).pid };
}

/** For a row that sends SIGSTOP: the agent is killed at the end of the stage in any case. */
async function runningToStop(stage: Stage): Promise<Running> {
  const at = await running(stage);
  stage.sandbox.defer(async () => signal(at.pid, 'SIGKILL'));
  return at;
}

const endByForce = (stage: Stage): Promise<unknown> =>
  stage.check(stage.cli(['agent', 'stop', '--force']), {
    ...{ code: 0, stdout: /killed/, withinMs: PATIENCE_MS },
  });

/** A file at the path of the lock while there is no agent. */
const lock = (what: string, full: boolean, leave: (path: string, stage: Stage) => void): Row => ({
  name: `${what} in the place of the start lock`,
  made: 'left there, no agent runs',
  must: 'works',
  full,
  async run(stage) {
    const sshd = await stage.sshd();
    leave(stage.sandbox.path('run', 'agent.lock'), stage);
    await stage.works(sshd.config());
  },
});

/** The files of a running agent are deleted; its command continues, and the next call starts another agent. */
const deleted = (what: string, remove: (stage: Stage) => void): Row => ({
  name: `the agent's ${what} is deleted while it runs`,
  made: 'rm, during a command',
  must: 'the command ends with its own status; the next call works; the first agent leaves within 60 s',
  async run(stage) {
    const { config, pid } = await running(stage);
    await stage.execAndFail({ config, command: 'sleep 1; exit 3' }, () => remove(stage), {
      ...{ code: 3, stdout: 'begun\n', ran: 1 },
    });
    await stage.works(config);
    await until(() => !alive(pid), 'the first agent leaves', 60_000);
  },
});

export const agentRows: readonly Row[] = [
  {
    name: 'the agent is killed during a command',
    made: 'SIGKILL',
    must: '255, "ended unexpectedly", ran once; the next call works',
    async run(stage) {
      const { config, pid } = await running(stage);
      await stage.execAndFail({ config }, () => signal(pid, 'SIGKILL'), {
        ...{ code: 255, stdout: 'begun\n', stderr: AGENT_ENDED, ran: 1 },
      });
      await stage.works(config);
    },
  },
  {
    name: 'the agent is ended by force during a command',
    made: 'agent stop --force',
    must: '129 (HUP), says that it was ended by force; the next call works',
    async run(stage) {
      const { config } = await running(stage);
      const force = (): Promise<unknown> =>
        stage.check(stage.cli(['agent', 'stop', '--force']), { code: 0, stdout: /.*/ });
      await stage.execAndFail({ config }, force, {
        ...{ code: 129, stdout: 'begun\n', stderr: /^sshpool: .*stopped by force.*\n$/, ran: 1 },
      });
      await stage.works(config);
    },
  },
  {
    name: 'the first call has variables that run code in Node',
    made: 'NODE_OPTIONS=--inspect and others at the call that starts the agent',
    must: 'works; the agent has none of them, and no debugger listens',
    async run(stage) {
      const sshd = await stage.sshd();
      const config = sshd.config();
      const env = {
        NODE_OPTIONS: '--inspect=127.0.0.1:0',
        NODE_PATH: '/tmp',
        OPENSSL_CONF: '/tmp/x',
      };
      // The Node client itself opens the debugger of NODE_OPTIONS.
      await stage.exec(
        { config, env },
        { code: 0, stderr: /^((Debugger|For help)[^\n]*\n)*$/, ran: 1 },
      );
      const { pid } = await poolStats(stage.sandbox);
      const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
      for (const name of Object.keys(env)) stage.must(!environ.includes(name), `it has ${name}`);
      const { log } = stage;
      stage.must(!log.includes('Debugger'), 'a debugger listens');
    },
  },
  {
    name: 'the agent is killed and its socket is left',
    made: 'SIGKILL while idle',
    must: 'the next call works',
    async run(stage) {
      const { config, pid } = await running(stage);
      signal(pid, 'SIGKILL');
      await until(() => !alive(pid), 'the agent is gone');
      await stage.works(config);
    },
  },
  {
    name: 'the agent is stopped before a call',
    made: 'SIGSTOP',
    must: 'every call answers within 25 s and says so; stop --force ends it; the next call works',
    async run(stage) {
      const { config, pid } = await runningToStop(stage);
      signal(pid, 'SIGSTOP');
      const hung = { code: 255, stderr: SILENT, withinMs: PATIENCE_MS };
      await Promise.all([
        stage.check(stage.cli(['stats']), hung),
        stage.check(stage.cli(['agent', 'stop']), hung),
        stage.check(
          stage.cli(['ssh', '-F', config, 'box', 'echo there'], {
            env: { SSH_POOL_FALLBACK: 'on' },
          }),
          {
            ...{ code: 0, stdout: 'there\n', stderr: /does not answer/, withinMs: PATIENCE_MS },
          },
        ),
      ]);
      await endByForce(stage);
      await stage.works(config);
    },
  },
  {
    name: 'the agent is stopped before an exec that may go through ssh',
    made: 'SIGSTOP; SSH_POOL_FALLBACK=on',
    must: 'works within 25 s, one line says how',
    async run(stage) {
      const { config, pid } = await runningToStop(stage);
      signal(pid, 'SIGSTOP');
      await stage.exec(
        { config, env: { SSH_POOL_FALLBACK: 'on' } },
        { code: 0, stderr: /^sshpool: .*\n$/, ran: 1, withinMs: PATIENCE_MS },
      );
      signal(pid, 'SIGCONT');
    },
  },
  {
    name: 'the agent is stopped during a command',
    made: 'SIGSTOP; then agent stop --force',
    must: 'stop --force answers within 25 s and ends it; the caller ends at once with 255, "ended unexpectedly"',
    async run(stage) {
      const { config, pid } = await runningToStop(stage);
      const force = (): Promise<unknown> => {
        signal(pid, 'SIGSTOP');
        return endByForce(stage);
      };
      await stage.execAndFail({ config }, force, {
        ...{ code: 255, stdout: 'begun\n', stderr: AGENT_ENDED, ran: 1 },
      });
      await stage.works(config);
    },
  },
  {
    name: 'the agent is stopped during a command and stays so',
    made: 'SIGSTOP',
    must: 'the caller ends within 75 s with 255, and says what to do',
    full: true,
    async run(stage) {
      const { config, pid } = await runningToStop(stage);
      await stage.execAndFail({ config }, () => signal(pid, 'SIGSTOP'), {
        ...{ code: 255, stdout: 'begun\n', stderr: SILENT, ran: 1, withinMs: 75_000 },
      });
      await endByForce(stage);
      await stage.works(config);
    },
  },
  {
    name: 'the agent stands still for a while',
    made: 'SIGSTOP and SIGCONT after 3 s, as a machine that sleeps',
    must: 'the command goes on and ends with its own status',
    async run(stage) {
      const { config, pid } = await running(stage);
      const sleep = (): void => {
        signal(pid, 'SIGSTOP');
        setTimeout(() => signal(pid, 'SIGCONT'), 3000);
      };
      await stage.execAndFail({ config, command: 'sleep 1; exit 3' }, sleep, {
        ...{ code: 3, stdout: 'begun\n', ran: 1 },
      });
      await stage.works(config);
    },
  },
  {
    name: 'the agent has no descriptor left',
    made: 'prlimit --nofile on it; 20 calls',
    must: 'each is answered, 0 or 255 with one line; works once there are some again',
    async run(stage) {
      const { config, pid } = await running(stage);
      const limit = (soft: number): Buffer =>
        execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
      limit(openFiles(pid).length);
      await Promise.all(
        Array.from({ length: 20 }, () =>
          stage.exec({ config }, { code: [0, 255], stderr: /^(sshpool: .*\n)?$/, ran: [0, 1] }),
        ),
      );
      limit(1024);
      await stage.works(config);
      stage.must(alive(pid), 'the agent ended');
    },
  },
  {
    name: "the disk of the agent's log is full",
    made: 'its log is /dev/full',
    must: 'works, also when lines are due',
    async run(stage) {
      const sshd = await stage.sshd();
      await startAgent(stage.sandbox, { log: '/dev/full' });
      const config = sshd.config();
      await stage.works(config);
      await sshd.restart();
      await stage.works(config);
      await stage.check(stage.cli(['close', '--all']), { code: 0, stdout: /.*/ });
      await stage.works(config);
    },
  },
  deleted('socket', (stage) => rmSync(stage.sandbox.path('run', 'agent.sock'))),
  deleted('directory', (stage) => rmSync(stage.sandbox.run, { recursive: true })),
  lock('the id of a living process', false, (path, stage) => {
    const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
    stage.sandbox.defer(async () => void sleeper.kill());
    writeFileSync(path, String(sleeper.pid), { mode: 0o600 });
  }),
  lock('an empty file', true, (path) => writeFileSync(path, '', { mode: 0o600 })),
  lock('random bytes', true, (path) => writeFileSync(path, Buffer.of(0, 255, 10, 13))),
  lock('a directory', true, (path) => mkdirSync(path)),
  lock('a link to nothing', true, (path) => symlinkSync('/nowhere/at/all', path)),
];
