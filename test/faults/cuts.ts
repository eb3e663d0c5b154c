/** Calls through a network that cuts connections at random; each call writes its id to a file on the server. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { runCli } from '../support/cli.ts';
import { seeded } from '../support/random.ts';
import { startRelay, type Lifetime } from '../support/relay.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { startSshd } from '../support/sshd.ts';

/** Results of all calls. */
export interface Tally {
  cuts: number;
  /** Cuts while a call was under way. */
  liveCuts: number;
  calls: number;
  succeeded: number;
  /** Ended with 255 and one line of sshpool. */
  failed: number;
  /** Of those: the server had run them. */
  failedAndRan: number;
  /** Their messages, with counts. */
  readonly words: Map<string, number>;
  /** Must stay 0, like those that follow. */
  ranTwice: number;
  unanswered: number;
  doneWithoutWork: number;
  outputLost: number;
  /** Had run, ended with 255 and did not say that the connection was lost. */
  notSaid: number;
  /** Any other end. */
  other: number;
}

export const emptyTally = (): Tally => ({
  ...{ cuts: 0, liveCuts: 0, calls: 0, succeeded: 0, failed: 0, failedAndRan: 0 },
  words: new Map(),
  ...{ ranTwice: 0, unanswered: 0, doneWithoutWork: 0, outputLost: 0, notSaid: 0, other: 0 },
});

interface Kind {
  /** Runs after the id was written. */
  readonly command: string;
  readonly stdin?: string;
  /** What it prints after its id. */
  readonly output: string;
}

/** Share of the calls after which all callers pause. */
const RESTS = 0.02;
const REST_MS = 500;
const LONG = 200_000;
const KINDS: readonly Kind[] = [
  { command: '', output: '' },
  { command: 'sleep 0.2; echo end', output: 'end\n' },
  { command: `head -c ${LONG} /dev/zero | tr '\\0' x`, output: 'x'.repeat(LONG) },
  { command: 'cat', stdin: 'y'.repeat(LONG), output: 'y'.repeat(LONG) },
  { command: 'wc -c', stdin: 'z'.repeat(LONG), output: `${LONG}\n` },
];

/** How long a connection lasts: some end within the handshake, some after many calls. */
function lifetime(random: () => number): Lifetime {
  return random() < 0.5
    ? { bytes: Math.ceil(200 * 5000 ** random()) }
    : { ms: Math.ceil(5 * 300 ** random()) };
}

export interface CutOptions {
  readonly cuts: number;
  readonly link: 'ssh2' | 'openssh';
  readonly seed: number;
  readonly callers: number;
}

/** Makes calls until there were `cuts` cuts. A call must end within a minute. */
export async function makeCuts(
  sandbox: Sandbox,
  { cuts, link, seed, callers }: CutOptions,
): Promise<Tally> {
  const random = seeded(seed);
  const tally = emptyTally();
  const sshd = await startSshd(sandbox, { options: { MaxStartups: '200' } });
  let live = 0;
  const relay = await startRelay(sshd.port, {
    lasts: () => lifetime(random),
    onCut: () => {
      tally.cuts += 1;
      if (live > 0) tally.liveCuts += 1;
    },
  });
  sandbox.defer(() => relay.close());
  const config = sshd.config(
    `Host box\n  Port ${relay.port}\n  HostKeyAlias [127.0.0.1]:${sshd.port}\n`,
  );
  const ran = sandbox.write('ran', '');
  const env = { SSH_POOL_LINK: link };

  const call = async (id: string, kind: Kind): Promise<Ended> => {
    const words = `echo ${id} >>${ran}; echo ${id}; ${kind.command || 'true'}`;
    const { stdin = '' } = kind;
    live += 1;
    try {
      const args = ['exec', '-F', config, 'box', words];
      const done = await runCli(sandbox, args, { env, stdin, timeoutMs: 60_000 });
      return { id, kind, ...done, stdout: done.stdout.toString('latin1') };
    } catch {
      return { id, kind, code: null, stdout: '', stderr: 'unanswered' };
    } finally {
      live -= 1;
    }
  };
  const all: Ended[] = [];
  // Sometimes all callers pause, so that idle connections are cut, too.
  let quietUntil = 0;
  const caller = async (number: number): Promise<void> => {
    for (let count = 0; tally.cuts < cuts; count++) {
      const kind = KINDS[Math.floor(random() * KINDS.length)] ?? { command: '', output: '' };
      all.push(await call(`${number}-${count}-`, kind));
      if (random() < RESTS) quietUntil = performance.now() + REST_MS;
      await pause(Math.max(0, quietUntil - performance.now()));
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
  judge(all, readFileSync(ran, 'utf8').split('\n').slice(0, -1), tally);
  return tally;
}

interface Ended {
  readonly id: string;
  readonly kind: Kind;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function judge(all: readonly Ended[], ran: readonly string[], tally: Tally): void {
  const times = new Map<string, number>();
  for (const id of ran) times.set(id, (times.get(id) ?? 0) + 1);
  tally.calls = all.length;
  for (const { id, kind, code, stdout, stderr } of all) {
    const count = times.get(id) ?? 0;
    if (count > 1) tally.ranTwice += 1;
    if (code === 0) {
      tally.succeeded += 1;
      if (count === 0) tally.doneWithoutWork += 1;
      if (stdout !== `${id}\n${kind.output}`) tally.outputLost += 1;
    } else if (code === null) {
      tally.unanswered += 1;
    } else if (code === 255 && /(^|\n)sshpool: [^\n]+\n$/.test(stderr)) {
      tally.failed += 1;
      if (count > 0) tally.failedAndRan += 1;
      if (count > 0 && !stderr.includes(' was lost: ')) tally.notSaid += 1;
      const last = stderr.trim().split('\n').at(-1) ?? '';
      const words = last.replaceAll(/port \d+/g, 'port N');
      tally.words.set(words, (tally.words.get(words) ?? 0) + 1);
    } else {
      tally.other += 1;
      tally.words.set(`${code}: ${stderr}`, 1);
    }
  }
}
