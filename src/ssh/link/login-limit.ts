/** How long a connect may take: the user's limit up to the login, then a fixed one. Prompts do not count. */
import { SshpoolError } from '../../base/errors.ts';
import type { Clock } from '../../base/time.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import { Deadline } from './deadline.ts';

/** sshd's default (LoginGraceTime); a login may wait for an approval on another device. */
const LOGIN_MS = 120_000;
/** How long a proxy may be silent: other calls wait for the same connect. */
const PROXY_MS = 120_000;

export class LoginLimit {
  readonly #deadline: Deadline;
  #timeoutMs: number;
  #isLogin = false;

  constructor(
    { clock, options, timeoutMs }: { clock: Clock; options: SshOptions; timeoutMs: number },
    onExpired: (error: SshpoolError) => void,
  ) {
    const { user, hostname: host, port } = options;
    this.#timeoutMs = timeoutMs;
    this.#deadline = new Deadline(clock, timeoutMs, () =>
      onExpired(
        this.#isLogin
          ? SshpoolError.of('LOGIN_TIMEOUT', { user, host, timeoutMs: LOGIN_MS })
          : SshpoolError.of('CONNECT_TIMEOUT', { host, port, timeoutMs: this.#timeoutMs }),
      ),
    );
  }

  login(): void {
    if (this.#isLogin) return;
    this.#isLogin = true;
    this.#deadline.restart(LOGIN_MS);
  }

  during<T>(wait: () => Promise<T>): Promise<T> {
    return this.#deadline.during(wait);
  }

  /** A proxy may await a browser or a waking machine first; ConnectTimeout covers that (sshconnect.c). */
  awaitProxy({ proxyCommand, connectTimeoutMs }: SshOptions, spoke: Promise<void>): void {
    if (proxyCommand === undefined || connectTimeoutMs !== undefined || this.#isLogin) return;
    const ownMs = this.#timeoutMs;
    this.#restart(PROXY_MS);
    void spoke.then(() => {
      if (!this.#isLogin) this.#restart(ownMs);
    });
  }

  #restart(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#deadline.restart(timeoutMs);
  }

  cancel(): void {
    this.#deadline.cancel();
  }
}
