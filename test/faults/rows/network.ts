/** Networks that drop, cut, delay and split data. */
import { type Relay, type RelayOptions, startRelay } from '../../support/relay.ts';
import { descendantsOf, processesNaming, signal, titleOf, until } from '../../support/process.ts';
import type { Sshd, SshdOptions } from '../../support/sshd.ts';
import { PoolBench } from '../../support/pool-bench.ts';
import { stats } from '../../support/stats.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';

type LinkName = 'ssh2' | 'openssh';
const LINKS: readonly LinkName[] = ['ssh2', 'openssh'];

/** The required result of a command that was sent and never answered. */
const MAY_HAVE_RUN = /the connection to box was lost: .*; the command may have run\n$/;
const LOST = /^sshpool: the connection to box was lost: .*\n$/;
/** Prints until a signal ends it. */
const PRINT = 'while echo more; do sleep 0.1; done';
/** More than SILENCE_LIMIT_MS, 15 s, after which the pool gives up at the latest; most calls take 2 s. */
const SOON_MS = 20_000;

interface Far {
  readonly sshd: Sshd;
  readonly relay: Relay;
  readonly config: string;
}

/** A server behind a relay, and a connection to it. */
async function warm(
  stage: Stage,
  {
    link = 'ssh2',
    lines = '',
    ...more
  }: RelayOptions & { link?: LinkName; lines?: string; sshd?: SshdOptions } = {},
): Promise<Far> {
  stage.env = { SSH_POOL_LINK: link };
  const sshd = await stage.sshd(more.sshd);
  const relay = await startRelay(sshd.port, more);
  stage.sandbox.defer(() => relay.close());
  const config = sshd.config(
    `Host box\nPort ${relay.port}\nHostKeyAlias [127.0.0.1]:${sshd.port}\n${lines}`,
  );
  await stage.works(config);
  await stage.connectsEnd();
  return { sshd, relay, config };
}

/** The network of an idle pooled connection fails; then a call is sent over it. */
function beforeExec(name: string, made: string, ran: number, fail: (relay: Relay) => void): Row[] {
  return LINKS.map((link) => ({
    name: `${name} before exec, ${link}`,
    made,
    must: '255, "may have run"; then the next call works',
    full: link === 'openssh',
    async run(stage) {
      const { config, relay } = await warm(stage, { link });
      fail(relay);
      await stage.exec({ config }, { code: 255, stderr: MAY_HAVE_RUN, ran, withinMs: SOON_MS });
      relay.resume();
      await stage.works(config);
    },
  }));
}

/** A command prints and then the network fails. */
function midOutput(
  name: string,
  made: string,
  { full, withinMs, lines }: { full: boolean; withinMs: number; lines?: string },
  fail: (relay: Relay) => void,
): Row[] {
  return LINKS.map((link) => ({
    name: `${name} in the midst of output, ${link}`,
    made,
    must: `255, "lost", the output until then, within ${withinMs / 1000} s; then the next call works`,
    full: full || link === 'openssh',
    async run(stage) {
      const { config, relay } = await warm(stage, { link, ...(lines && { lines }) });
      await stage.execAndFail({ config, command: PRINT }, () => fail(relay), {
        ...{ code: 255, stdout: /^begun\n/, stderr: LOST, ran: 1, withinMs },
      });
      relay.resume();
      await stage.works(config);
    },
  }));
}

/** Signals the ssh that carries a connection. */
function toMaster({ sandbox }: Stage, name: NodeJS.Signals): void {
  const pids = processesNaming(sandbox.root).filter((pid) => /\bssh -MN/.test(titleOf(pid)));
  for (const pid of pids) signal(pid, name);
}

const swallowBoth = (relay: Relay): void => {
  relay.swallow('toServer');
  relay.swallow('toClient');
};
const ALIVE = '  ServerAliveInterval 1\n  ServerAliveCountMax 2';

export const networkRows: readonly Row[] = [
  ...beforeExec('nothing arrives at the server', 'relay swallows', 0, (relay) =>
    relay.swallow('toServer'),
  ),
  ...beforeExec('nothing comes back', 'relay swallows', 1, (relay) => relay.swallow('toClient')),
  ...beforeExec('both directions dead', 'relay swallows', 0, swallowBoth),
  ...LINKS.map((link): Row => ({
    name: `both directions dead while idle, ${link}`,
    made: 'relay swallows; the call comes when the pool has noticed',
    must: 'noticed within 20 s; the call works over a new connection',
    full: link === 'openssh',
    async run(stage) {
      // On a busy machine the next login may take longer than the limit for a connect.
      const { config, relay } = await warm(stage, { link, lines: 'ConnectTimeout 60' });
      swallowBoth(relay);
      const startedAt = performance.now();
      const gone = async (): Promise<boolean> =>
        (await stats(stage.sandbox))?.totals.totalConnections === 0;
      await until(gone, 'the pool notices', 60_000);
      stage.took(performance.now() - startedAt, 20_000);
      await stage.works(config);
      stage.must(relay.accepted() === 2, `${relay.accepted()} connections were made, not 2`);
    },
  })),
  ...midOutput(
    'both directions dead',
    'relay swallows; ServerAliveInterval 1, CountMax 2',
    { full: false, withinMs: SOON_MS, lines: ALIVE },
    swallowBoth,
  ),
  ...midOutput(
    'both directions dead, keep-alive as it is by itself,',
    'relay swallows',
    { full: true, withinMs: 100_000 },
    swallowBoth,
  ),
  ...midOutput(
    'the connection is reset',
    'relay resets',
    { full: false, withinMs: SOON_MS },
    (relay) => relay.drop(),
  ),
  {
    name: 'a byte at a time',
    made: 'relay passes single bytes',
    must: 'works, with 50 KB of output and input',
    async run(stage) {
      const { config } = await warm(stage, { pieceBytes: 1 });
      const stdin = 'x'.repeat(50_000);
      await stage.exec(
        { config, command: '$RAN; cat', stdin },
        { code: 0, stdout: stdin, ran: 1, withinMs: 30_000 },
      );
    },
  },
  {
    name: 'a far server',
    made: 'relay delays by 300 ms each way',
    must: 'works; a warm call in one round trip',
    async run(stage) {
      // Some round trips of a busy machine take longer than the limit for a connect.
      const { config } = await warm(stage, { delayMs: 300, lines: 'ConnectTimeout 60' });
      // On a busy machine some of them take longer.
      let fastest = Infinity;
      for (let i = 0; i < 6 && fastest > 1000; i++) {
        fastest = Math.min(fastest, Math.round((await stage.works(config)).ms));
      }
      stage.must(fastest < 1200, `a warm call took ${fastest} ms, not 600`);
      stage.saw(`a warm call in ${fastest} ms`);
    },
  },
  {
    name: 'a server whose process is stopped',
    made: 'SIGSTOP to the sshd of the connection',
    must: '255, "may have run"; then the next call works',
    async run(stage) {
      const { config, sshd } = await warm(stage);
      const stopped = descendantsOf(sshd.pid);
      for (const pid of stopped) signal(pid, 'SIGSTOP');
      stage.sandbox.defer(async () => stopped.forEach((pid) => signal(pid, 'SIGCONT')));
      await stage.exec({ config }, { code: 255, stderr: MAY_HAVE_RUN, withinMs: SOON_MS });
      await stage.works(config);
      // The process reads the pending data, after the pool has closed the connection.
      for (const pid of stopped) signal(pid, 'SIGCONT');
    },
  },
  {
    name: 'the ssh of an openssh link is killed during a command',
    made: 'SIGKILL to the master',
    must: '255, "lost", ran once; the next call works',
    async run(stage) {
      const { config } = await warm(stage, { link: 'openssh' });
      await stage.execAndFail({ config, command: PRINT }, () => toMaster(stage, 'SIGKILL'), {
        ...{ code: 255, stdout: /^begun\n/, stderr: LOST, ran: 1, withinMs: SOON_MS },
      });
      await stage.works(config);
    },
  },
  {
    name: 'the ssh of an openssh link is stopped',
    made: 'SIGSTOP to the master, before a call',
    must: '255, "may have run"; the next call works',
    async run(stage) {
      const { config } = await warm(stage, { link: 'openssh' });
      toMaster(stage, 'SIGSTOP');
      stage.sandbox.defer(async () => toMaster(stage, 'SIGCONT'));
      await stage.exec({ config }, { code: 255, stderr: MAY_HAVE_RUN, ran: 0, withinMs: SOON_MS });
      await stage.works(config);
      // After SIGCONT it sees that the agent has disconnected.
      toMaster(stage, 'SIGCONT');
    },
  },
  {
    name: 'the machine sleeps for eight hours, and the connection dies meanwhile',
    made: 'the pool alone, on a clock and a link that the test has in hand',
    must: 'the next call asks first, and has a new connection after 2 s without an answer',
    async run(stage) {
      const bench = new PoolBench();
      await bench.ran();
      bench.clock.jump(8 * 3_600_000);
      const dead = bench.link;
      dead.mute = true;
      const call = await bench.call();
      stage.must(call.lease === undefined, 'the command was sent into the dead connection');
      await bench.pass(2000);
      stage.must(call.lease?.reused === false, 'there is no new connection after 2 s');
      stage.took(call.lease?.queueMs ?? Infinity, 2000);
      stage.saw('a new connection');
    },
  },
  {
    name: 'dark for less time than ConnectTimeout',
    made: 'relay holds everything for 2 s, ConnectTimeout 10',
    must: 'works',
    async run(stage) {
      const { config, relay } = await warm(stage, { lines: '  ConnectTimeout 10' });
      relay.stall();
      const call = stage.exec({ config }, { code: 0, ran: 1, withinMs: SOON_MS });
      setTimeout(() => relay.resume(), 2000);
      await call;
      await stage.works(config);
    },
  },
  {
    name: 'the server is restarted under an idle connection',
    made: 'sshd is ended and started; the agent has seen the end',
    must: 'works without a word',
    async run(stage) {
      const { config, relay, sshd } = await warm(stage);
      await sshd.restart();
      await until(() => relay.connections() === 0, 'the agent has seen the end');
      await stage.works(config);
    },
  },
  {
    name: 'the server is gone',
    made: 'sshd is ended; the relay refuses',
    must: '255, "Connection refused"',
    async run(stage) {
      const { config, relay, sshd } = await warm(stage);
      await relay.close();
      await sshd.stop();
      await stage.exec(
        { config },
        { code: 255, stderr: /^sshpool: connect to .*Connection refused\n$/, ran: 0 },
      );
    },
  },
];
