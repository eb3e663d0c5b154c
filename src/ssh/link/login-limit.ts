/**
 * How long a connect may take: network and key exchange have the user's limit, then the login has its own, as
 * it may wait for an approval on another device. The time of prompts does not count.
 */
import { SshpoolError } from '../../base/errors.ts';
import type { Clock } from '../../base/time.ts';
import type { SshOptions } from '../../config/ssh-options.ts';
import { Deadline } from './deadline.ts';

/** sshd's default limit (sshd_config(5), LoginGraceTime). */
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

  /** The host key was verified, and the login begins. */
  login(): void {
    if (this.#isLogin) return;
    this.#isLogin = true;
    this.#deadline.restart(LOGIN_MS);
  }

  /** Pauses the limit while `wait` is pending. */
  during<T>(wait: () => Promise<T>): Promise<T> {
    return this.#deadline.during(wait);
  }

  /**
   * Restarts the limit when a ProxyCommand delivers the first data of the server: before that it may wait for
   * a browser or for a machine that wakes up. Not if the user set a ConnectTimeout: with ssh it covers that
   * time, too (sshconnect.c).
   */
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
