/** The calls of the soak: their commands, and checks of their results. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { runCli, spawnCli } from '../support/cli.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { metFault, type Target } from './targets.ts';

const LARGE = 10_000_000;
const UNANSWERED_MS = 90_000;
const LARGE_INPUT = Buffer.alloc(LARGE, 'soak');
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface Kind {
  readonly name: string;
  /** How many of a thousand calls are of this kind. */
  readonly share: number;
  readonly command: string;
  readonly stdin?: Buffer;
  readonly code?: number;
  readonly output: string;
  /** The caller is killed after this time. */
  readonly killAfterMs?: number;
}

const KINDS: readonly Kind[] = [
  { name: 'short', share: 745, command: 'echo done', output: 'done\n' },
  { name: 'status 3', share: 50, command: 'exit 3', code: 3, output: '' },
  {
    ...{ name: '10 KB through stdin', share: 100, command: 'cat' },
    ...{ stdin: Buffer.alloc(10_000, 'x'), output: 'x'.repeat(10_000) },
  },
  {
    ...{ name: '10 MB down', share: 15, output: digest(Buffer.alloc(LARGE)) },
    command: `head -c ${LARGE} /dev/zero`,
  },
  {
    ...{ name: '10 MB up', share: 15, command: 'sha256sum | cut -c-64' },
    ...{ stdin: LARGE_INPUT, output: `${digest(LARGE_INPUT)}\n` },
  },
  { name: '8 s long', share: 25, command: 'sleep 8; echo done', output: 'done\n' },
  {
    ...{ name: 'caller killed', share: 50, command: 'echo up; cat', output: '' },
    killAfterMs: 500,
  },
];

export interface Counts {
  calls: number;
  succeeded: number;
  /** Failures while the server was restarted or a link was cut. */
  expected: number;
  unexpected: number;
}

export const KIND_NAMES: readonly string[] = KINDS.map(({ name }) => name);

export class Load {
  readonly counts = new Map<string, Counts>();
  /** Failures that no fault explains, as text. */
  readonly unexpected: string[] = [];
  running = 0;
  readonly #sandbox: Sandbox;
  readonly #config: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(sandbox: Sandbox, config: string, env: Readonly<Record<string, string>>) {
    this.#sandbox = sandbox;
    this.#config = config;
    this.#env = env;
    for (const { name } of KINDS) {
      this.counts.set(name, { calls: 0, succeeded: 0, expected: 0, unexpected: 0 });
    }
  }

  /** Makes one call of a random kind; `random` is from 0 to 1. */
  async call(target: Target, random: number): Promise<void> {
    const kind = pick(random * 1000);
    const counts = this.counts.get(kind.name);
    if (counts === undefined) return;
    counts.calls += 1;
    this.running += 1;
    const startedAt = performance.now();
    const problem = await this.#run(target, kind).catch((error: unknown) => String(error));
    this.running -= 1;
    if (problem === undefined) counts.succeeded += 1;
    else if (metFault(target, startedAt, performance.now())) counts.expected += 1;
    else {
      counts.unexpected += 1;
      this.unexpected.push(`${kind.name} on ${target.name}: ${problem}`);
    }
  }

  /** Resolves to the problem, if there is one. */
  async #run({ name }: Target, kind: Kind): Promise<string | undefined> {
    const args = ['exec', '-F', this.#config, name, kind.command];
    if (kind.killAfterMs !== undefined) return this.#killed(args, kind.killAfterMs);
    const { code: expected = 0, output, stdin = '' } = kind;
    const options = { env: this.#env, stdin, timeoutMs: UNANSWERED_MS };
    const { code, stdout, stderr } = await runCli(this.#sandbox, args, options);
    const found = stdout.length === LARGE ? digest(stdout) : stdout.toString('latin1');
    if (code === expected && found === output) return undefined;
    return `${code}, ${stdout.length} bytes: ${stderr.trim()}`;
  }

  async #killed(args: readonly string[], afterMs: number): Promise<undefined> {
    const child = spawnCli(this.#sandbox, args, { env: this.#env });
    child.stdout.resume();
    child.stderr.resume();
    setTimeout(() => child.kill('SIGKILL'), afterMs);
    await once(child, 'close');
  }
}

function pick(share: number): Kind {
  let left = share;
  const kind = KINDS.find((each) => (left -= each.share) < 0) ?? KINDS[0];
  if (kind === undefined) throw new Error('there are no kinds of calls');
  return kind;
}
