/** Callers that connect at once, stop reading, disappear, or violate the protocol. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { bytesOf, HELLO } from '../../support/fake-agent.ts';
import { RawCall } from '../../support/raw-call.ts';
import { spawnCli } from '../../support/cli.ts';
import { CLOSED_PORT } from '../../support/port.ts';
import { alive, signal, until } from '../../support/process.ts';
import { poolStats } from '../../support/stats.ts';
import type { Row } from '../row.ts';
import type { Stage } from '../stage.ts';

/** A connection to the agent's socket that sends no call. */
async function stranger(stage: Stage): Promise<Socket> {
  const socket = connect(stage.sandbox.path('run', 'agent.sock'));
  stage.sandbox.defer(async () => void socket.destroy());
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}

async function warm(stage: Stage): Promise<string> {
  const sshd = await stage.sshd();
  const config = sshd.config();
  await stage.works(config);
  return config;
}

const NUMBERS = 'i=0; while [ $i -lt 400 ]; do head -c 65536 /dev/zero; i=$((i+1)); done';
const NUMBERS_BYTES = 400 * 65_536;

export const callerRows: readonly Row[] = [
  {
    name: 'many callers at once, and no agent',
    made: '200 processes (50 in npm test)',
    must: 'all work, one agent is started',
    async run(stage) {
      const sshd = await stage.sshd({ options: { MaxStartups: '100' } });
      const config = sshd.config();
      const count = stage.full ? 200 : 50;
      await Promise.all(
        Array.from({ length: count }, () =>
          stage.exec({ config }, { code: 0, ran: 1, withinMs: 60_000 }),
        ),
      );
      const { log } = stage;
      const started = log.match(/ started, pid /g)?.length ?? 0;
      stage.must(started === 1, `${started} agents were started`);
    },
  },
  {
    name: 'a caller that stands still while its command prints 26 MB',
    made: 'SIGSTOP for a minute (3 s in npm test)',
    must: 'others are served, memory stays below 200 MB, then all of the output comes',
    async run(stage) {
      const config = await warm(stage);
      const child = spawnCli(stage.sandbox, ['exec', '-F', config, 'box', NUMBERS]);
      const hash = createHash('sha256');
      let bytes = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        hash.update(chunk);
      });
      const closed = once(child, 'close');
      await until(() => bytes > 0, 'the output begins');
      signal(child.pid ?? 0, 'SIGSTOP');
      const end = performance.now() + (stage.full ? 60_000 : 3000);
      while (performance.now() < end) {
        await stage.works(config);
        await pause(500);
      }
      const { rssBytes } = await poolStats(stage.sandbox);
      stage.must(rssBytes < 200e6, `the agent has ${Math.round(rssBytes / 1e6)} MB`);
      signal(child.pid ?? 0, 'SIGCONT');
      const [code] = (await closed) as [number];
      const same = hash.digest('hex') === digestOfZeros();
      stage.saw(`${code}, ${bytes} bytes, ${same ? 'unchanged' : 'changed'}`);
      stage.must(code === 0 && same && bytes === NUMBERS_BYTES, 'the output is not the whole');
    },
  },
  {
    name: 'callers that are killed during their commands',
    made: 'SIGKILL to 20',
    must: 'no slot is left, and no command that ends with its standard input',
    async run(stage) {
      const config = await warm(stage);
      const children = Array.from({ length: 20 }, () =>
        spawnCli(stage.sandbox, ['exec', '-F', config, 'box', 'echo up; cat']),
      );
      await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
      for (const child of children) child.kill('SIGKILL');
      await stage.works(config);
      const idle = async (): Promise<boolean> =>
        (await poolStats(stage.sandbox)).totals.activeSessions === 0;
      await until(idle, 'all slots are free', 30_000);
    },
  },
  {
    name: 'an agent that leaves because it is idle, and callers that come',
    made: 'SSH_POOL_AGENT_IDLE_TIMEOUT_MS=30; 500 calls, each about when it leaves (20 in npm test)',
    must: 'none is lost',
    async run(stage) {
      stage.env = { SSH_POOL_AGENT_IDLE_TIMEOUT_MS: '30' };
      const args = ['exec', '-F', '/dev/null', '-p', String(CLOSED_PORT), '127.0.0.1', 'true'];
      const refused = { code: 255, stderr: /^sshpool: connect to .* Connection refused\n$/ };
      const rounds = stage.full ? 500 : 20;
      for (let round = 0; round < rounds; round++) {
        await stage.check(stage.cli(args), refused);
        // Around the moment at which the agent exits.
        await pause(20 + (round % 21));
      }
      const { log } = stage;
      stage.saw(`${log.match(/ started, pid /g)?.length ?? 0} agents for ${rounds} calls`);
    },
  },
  {
    name: "silent connections to the agent's socket",
    made: '500 (100 in npm test)',
    must: 'calls work; the agent lives',
    async run(stage) {
      const config = await warm(stage);
      const { pid } = await poolStats(stage.sandbox);
      const sockets: Socket[] = [];
      for (let i = 0; i < (stage.full ? 500 : 100); i++) sockets.push(await stranger(stage));
      await stage.works(config);
      for (const socket of sockets) socket.destroy();
      await stage.works(config);
      stage.must(alive(pid), 'the agent ended');
    },
  },
  {
    name: "half-sent frames on the agent's socket",
    made: '500 of 0.9 MB each, without their ends (50 in npm test)',
    must: 'calls work; memory below 200 MB, and below 100 MB afterwards',
    left: { rssBytes: 100e6 },
    async run(stage) {
      const config = await warm(stage);
      const body = Buffer.alloc(900_000, 'x');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(1_000_000);
      const sockets: Socket[] = [];
      let most = 0;
      for (let i = 0; i < (stage.full ? 500 : 50); i++) {
        const socket = await stranger(stage);
        socket.write(Buffer.concat([bytesOf(HELLO), length, body]));
        sockets.push(socket);
        if (i % 50 === 49) most = Math.max(most, (await poolStats(stage.sandbox)).rssBytes);
      }
      await stage.works(config);
      stage.saw(`at most ${Math.round(most / 1e6)} MB`);
      stage.must(most < 200e6, `the agent had ${Math.round(most / 1e6)} MB`);
      for (const socket of sockets) socket.destroy();
    },
  },
  {
    name: "random bytes on the agent's socket",
    made: '40 connections, some after a hello',
    must: 'calls work; the agent lives',
    async run(stage) {
      const config = await warm(stage);
      const { pid } = await poolStats(stage.sandbox);
      for (let i = 0; i < 40; i++) {
        const socket = await stranger(stage);
        if (i % 2) socket.write(bytesOf(HELLO));
        socket.end(randomBytes(1 + ((i * 331) % 5000)));
      }
      await stage.works(config);
      stage.must(alive(pid), 'the agent ended');
    },
  },
  {
    name: 'a caller that takes more than it was sent',
    made: 'raw caller, a credit of 4 GB',
    must: 'that call alone ends',
    async run(stage) {
      const config = await warm(stage);
      const argv = ['-F', config, 'box', 'echo begun; sleep 60'];
      const call = await RawCall.make(stage.sandbox, { command: 'exec', argv });
      await call.shows('begun');
      call.send({ type: 'taken', bytes: 0xffff_ffff });
      const last = await call.last().catch((error: unknown) => String(error));
      stage.saw(typeof last === 'string' ? 'the connection is closed' : last.type);
      await stage.works(config);
    },
  },
];

function digestOfZeros(): string {
  const hash = createHash('sha256');
  const zeros = Buffer.alloc(65_536);
  for (let i = 0; i < NUMBERS_BYTES / zeros.length; i++) hash.update(zeros);
  return hash.digest('hex');
}
