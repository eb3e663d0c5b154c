/**
 * What an ssh says while it logs in: notes for the person, why it failed, and, since it tells more
 * at a higher level, facts about the server. Knows no process.
 */
import { describe, SshpoolError } from '../base/errors.ts';
import type { SshOptions } from '../config/ssh-options.ts';

/** What is only said because we asked for it: debug lines, and those of the level before. */
const ASKED_FOR = /^(?:debug\d: |Authenticated to |Authenticated using )/;

export class OpensshOutput {
  readonly #options: SshOptions;
  readonly #note: (text: string) => void;
  #partial = '';
  /** The latest line that is for the person: held back, for it may be why ssh fails. */
  #last: string | undefined;
  serverVersion = '';
  forcedCommand = false;

  constructor(options: SshOptions, note: (text: string) => void) {
    this.#options = options;
    this.#note = note;
  }

  /** Makes ssh say more, where the user has left it at what it says by itself. */
  static options({ all }: SshOptions): string[] {
    return all.get('loglevel')?.[0] === 'INFO' ? ['LogLevel=DEBUG1'] : [];
  }

  add(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#hear(line.replace(/\r$/, ''));
  }

  /** It is logged in. */
  end(): this {
    this.#flush();
    return this;
  }

  /** Why it is not; `cause` where it could not even be run. */
  failure(cause: Error | undefined): SshpoolError {
    const { host, hostname, port } = this.#options;
    if (cause !== undefined) {
      return SshpoolError.of('OPENSSH_FAILED', { host, reason: describe(cause) }, cause);
    }
    if (this.#partial !== '') this.#hear(this.#partial);
    const said = (this.#last ?? 'ssh ended without a word').replace(/^ssh: /, '');
    const denied = /Permission denied \(([^)]*)\)/.exec(said);
    if (denied) {
      const { user } = this.#options;
      return SshpoolError.of('AUTH_FAILED', {
        user,
        host: hostname,
        methods: denied[1] ?? '',
        detail: '',
      });
    }
    const reason = said.replace(/\.$/, '');
    if (reason === 'Host key verification failed') {
      return SshpoolError.of('HOST_KEY_REFUSED', { host });
    }
    const unreachable = /^connect to host \S+ port \d+: (.*)$/.exec(reason);
    if (unreachable) {
      return SshpoolError.of('CONNECT_FAILED', {
        host: hostname,
        port,
        reason: unreachable[1] ?? '',
      });
    }
    return SshpoolError.of('OPENSSH_FAILED', { host, reason });
  }

  #hear(line: string): void {
    const version = /^debug1: Remote protocol version [\d.]+, remote software version (\S+)/.exec(
      line,
    );
    if (version) this.serverVersion = version[1] ?? '';
    // sshd's auth-options.c names the options of the key; "command" is a forced command.
    this.forcedCommand ||= /^debug1: Remote: .*key options:.*\bcommand\b/.test(line);
    if (line === '' || ASKED_FOR.test(line)) return;
    this.#flush();
    this.#last = line;
  }

  #flush(): void {
    if (this.#last !== undefined) this.#note(this.#last);
    this.#last = undefined;
  }
}
