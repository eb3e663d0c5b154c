/** The output of an ssh while it logs in: messages, the reason of a failure, facts about the server. */
import { describe, SshpoolError } from '../../base/errors.ts';
import type { SshOptions } from '../../config/ssh-config/options.ts';
import type { Note, Others } from '../link/prompts.ts';

/** Lines that ssh prints only because of -v. */
const ASKED_FOR = /^(?:debug\d: |Authenticated (?:to|using) |OpenSSH_\S+,? )/;
/** LogLevels without -v: no more output is wanted, or there is enough. `ssh -G` prints QUIET as SILENT. */
const AS_IT_IS = new Set([
  'SILENT',
  'QUIET',
  'FATAL',
  'ERROR',
  'DEBUG',
  'DEBUG1',
  'DEBUG2',
  'DEBUG3',
]);

export interface OutputEvents {
  readonly note: Note;
  readonly onServer: () => void;
  /** The host key was verified, and the login begins. */
  readonly onLogin: () => void;
}

export class OpensshOutput {
  readonly #options: SshOptions;
  /** The warnings that `ssh -G` has printed already. */
  readonly #warnings: ReadonlySet<string>;
  readonly #events: OutputEvents;
  readonly #said: string[] = [];
  /** The latest line, with its line feed: held back, since it becomes the error if ssh fails. */
  #held: { readonly text: string; readonly of: Others | undefined } | undefined;
  #partial = '';
  #hasLogin = false;
  serverVersion = '';
  forcedCommand = false;
  hostKey: string | undefined;

  constructor(options: SshOptions, events: OutputEvents) {
    this.#options = options;
    this.#events = events;
    this.#warnings = new Set(options.warnings.map((line) => line.replace(/\r$/, '')));
    // Without ssh's debug lines the start of the login is not visible.
    if (OpensshOutput.words(options).length > 0) return;
    events.onServer();
    events.onLogin();
  }

  /** -v also keeps a ProxyCommand's standard error, which ControlPersist would discard (sshconnect.c). */
  static words({ all }: SshOptions): string[] {
    return AS_IT_IS.has(all.get('loglevel')?.[0] ?? '') ? [] : ['-v'];
  }

  add(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#hear(`${line}\n`);
  }

  end(): void {
    this.#finish();
    this.#release();
  }

  #finish(): void {
    if (this.#partial !== '') this.#hear(this.#partial);
    this.#partial = '';
  }

  /** `cause` if ssh could not even be run. */
  failure(cause: Error | undefined): SshpoolError {
    const { host } = this.#options;
    if (cause !== undefined) {
      // Without Node's error, which has all the arguments: SetEnv, among others, may hold a secret.
      return SshpoolError.of('OPENSSH_FAILED', { host, reason: describe(cause) });
    }
    this.#finish();
    const last = this.#held?.text.trimEnd();
    // Without a server the line may be about the pool's own arguments; ssh itself may succeed then.
    const isServers = last !== undefined && this.serverVersion !== '';
    return this.#failureOf(
      this.#reason().replace(/^ssh: /, ''),
      isServers ? { logged: [last] } : {},
    );
  }

  #failureOf(said: string, more: { logged?: readonly string[] }): SshpoolError {
    const { host, hostname, port } = this.#options;
    const denied = /Permission denied \(([^)]*)\)/.exec(said);
    if (denied) {
      const { user } = this.#options;
      return SshpoolError.of('AUTH_FAILED', {
        user,
        host: hostname,
        methods: denied[1] ?? '',
        detail: '',
        ...more,
      });
    }
    const reason = said.replace(/\.$/, '');
    if (reason === 'Host key verification failed') {
      return SshpoolError.of('HOST_KEY_REFUSED', { host, ...more });
    }
    const unreachable = /^connect to host \S+ port \d+: (.*)$/.exec(reason);
    if (unreachable) {
      return SshpoolError.of('CONNECT_FAILED', {
        host: hostname,
        port,
        reason: unreachable[1] ?? '',
        ...more,
      });
    }
    return SshpoolError.of('OPENSSH_FAILED', { host, reason, ...more });
  }

  /** The last line, or, if that only says that the peer is gone, the last one of a jump host's ssh. */
  #reason(): string {
    const lines = this.#said.filter((line) => !AFTERMATH.test(line));
    return lines.at(-1) ?? this.#said.at(-1) ?? 'ssh ended without a word';
  }

  #hear(raw: string): void {
    // Entries of ssh's log end so; a server's banner and a ProxyCommand's output hardly ever do.
    const isLog = raw.endsWith('\r\n');
    // Text of a server may lack its line feed; ssh's next entry then follows on the same line.
    const asked = raw.indexOf('debug1: ');
    if (isLog && asked > 0) {
      this.#say(raw.slice(0, asked));
      return this.#hear(raw.slice(asked));
    }
    if (raw === '\n') return this.#hearBlank();
    const line = raw.replace(/\r?\n$/, '');
    this.#learn(line);
    const isAsked = isLog && ASKED_FOR.test(line);
    if (line !== '' && !isAsked && !this.#warnings.has(line)) this.#say(raw);
  }

  #learn(line: string): void {
    const version = /^debug1: Remote protocol version [\d.]+, remote software version (\S+)/.exec(
      line,
    );
    if (version) {
      this.serverVersion = version[1] ?? '';
      this.#events.onServer();
    }
    const hostKey = /^debug1: Server host key: (\S+) (\S+)$/.exec(line);
    if (hostKey && !hostKey[1]?.includes('-cert-')) this.hostKey = hostKey[2];
    // sshd's auth-options.c names the options of the key; "command" is a forced command.
    this.forcedCommand ||= /^debug1: Remote: .*key options:.*\bcommand\b/.test(line);
    if (!line.startsWith('debug1: SSH2_MSG_SERVICE_ACCEPT received')) return;
    this.#hasLogin = true;
    this.#events.onLogin();
  }

  /** A blank line is not ssh's, whose lines have a carriage return; it is never the reason of a failure. */
  #hearBlank(): void {
    const { text, of } = this.#held ?? {};
    if (text !== undefined && of !== undefined) this.#held = { text: `${text}\n`, of };
    else {
      this.#release();
      this.#events.note('\n', this.#others);
    }
  }

  #say(raw: string): void {
    this.#said.push(raw.replace(/\r?\n$/, ''));
    this.#release();
    this.#held = { text: raw, of: raw.endsWith('\r\n') ? undefined : this.#others };
  }

  /** The source of text that is not ssh's: a server sends none before the login. */
  get #others(): Others {
    return this.#hasLogin ? 'banner' : 'words';
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    const { text, of } = held;
    if (of === undefined) this.#events.note(text.slice(0, -1));
    else this.#events.note(text, of);
  }
}

/** What ssh prints when its ProxyCommand has ended. */
const AFTERMATH =
  /^(?:kex_exchange_identification: |Connection (?:closed|reset) by |stdio forwarding failed)/;
