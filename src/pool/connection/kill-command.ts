/** A workaround for servers that refuse to signal a session: a second session signals its process group. */
import type { Channels } from '../../ssh/channel/channels.ts';
import type { Link } from '../../ssh/link/link.ts';
import { Session, type Outcome } from '../../ssh/channel/session.ts';

/** The signals of RFC 4254 section 6.10 that are passed on. */
const NAMES = /^(HUP|INT|KILL|QUIT|TERM|USR1|USR2)$/;

export function workaroundApplies(link: Link): boolean {
  const version = /^OpenSSH_(\d+)\.(\d+)/.exec(link.serverVersion);
  // sshd up to 9.9 refuses it for root: "session signalling requires privilege separation".
  // A known forced command would run again in place of the signal command.
  if (!version || link.user !== 'root' || link.forcedCommand) return false;
  return Number(version[1]) < 10;
}

/** Signals the `index`-th (from 0, in start order) of the `count` commands that were sent before it. */
export function signalCommand(name: string, index: number, count: number): string {
  if (!NAMES.test(name)) throw new RangeError(`no signal: ${name}`);
  // For each child of the same sshd: its start time (field 22 of proc(5) stat, 0 where there is no /proc)
  // and its process id, in that order, up to this shell itself. Signals nothing unless exactly `count` are
  // older: a younger session may have replaced one that has ended.
  const script =
    `ps -A -o pid= -o ppid= | while read -r c p; do ` +
    `if [ "$p" = "$PPID" ]; then ` +
    `s=$(cat "/proc/$c/stat" 2>/dev/null); set -- \${s##*) }; echo "\${20:-0} $c"; fi; done | ` +
    `sort -k1,1n -k2,2n | { i=0; g=; while read -r t c && [ "$c" != "$$" ]; do ` +
    `if [ "$i" -eq ${index} ]; then g=$c; fi; i=$((i+1)); done; ` +
    `[ "$i" -eq ${count} ] && kill -${name} "-$g"; }`;
  // exec keeps the process, and so its parent, whatever the login shell is.
  return `exec /bin/sh -c '${script}'`;
}

/** Drops the output; runs nothing if `command` gives none. `onSession` returns what to call at the close. */
export function runCommand(
  channels: Channels,
  command: () => string | undefined,
  onSession: (session: Session) => () => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const over = (): void => {
      closed();
      resolve({ kind: 'refused', request: 'session' });
    };
    const session: Session = new Session(channels, {
      onSpare: () => {
        const line = command();
        if (line === undefined) return session.close();
        const start = { command: Buffer.from(line), env: [], agentForward: false };
        session.start(start, {
          onStarted: () => session.endStdin(),
          onStdout: (data) => session.consume(data.length),
          onStderr: (data) => session.consume(data.length),
          onStdinWindow: () => undefined,
          onStdinClosed: () => undefined,
          onEnd: resolve,
        });
      },
      onRefused: over,
      onAsked: () => undefined,
      onMoved: () => undefined,
      onLeft: () => undefined,
      onClosed: over,
    });
    const closed = onSession(session);
    session.open();
  });
}
