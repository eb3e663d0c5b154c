/** What the agent's callers share: made once in main.ts and handed to each of them. */
import type { Log } from '../base/log.ts';
import type { Clock } from '../base/time.ts';
import type { RuntimePaths } from '../config/paths.ts';
import type { Settings } from '../config/settings.ts';
import type { SshConfig } from '../config/ssh-config.ts';
import type { Pool } from '../pool/pool.ts';
import type { Links } from '../ssh/connect-link.ts';

export interface Services {
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: RuntimePaths;
  readonly settings: Settings;
  readonly sshConfig: SshConfig;
  /** The agent's own environment, without what belongs to whoever started it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pool: Pool;
  /** What makes connections; loaded when the first one is made. */
  readonly links: () => Promise<Links>;
  /** Version of the program. */
  readonly version: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Ends the agent: what runs is waited for, or with `force` ended. */
  stop(options: { readonly force: boolean }): void;
}
