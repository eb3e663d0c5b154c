/** One remote session (RFC 4254 section 6): opened ahead as a spare, then started once, with one command. */
import { view, type Borrowed } from '../../base/borrowed.ts';
import { Reader, Writer } from '../../base/bytes.ts';
import { Credit } from '../../base/credit.ts';
import { SshpoolError } from '../../base/errors.ts';
import type { Moves, OnMove } from '../../base/moves.ts';
import { printableLine } from '../../base/printable.ts';
import { WINDOW, type Channel } from './channel.ts';
import type { Channels } from './channels.ts';
import type { WindowSize } from '../../base/window-size.ts';
import { ptyRequest, windowChange, type TerminalRequest } from './terminal.ts';

export interface Start {
  /** Undefined asks for the login shell. */
  readonly command: Buffer | undefined;
  /** `command` names a subsystem (RFC 4254 section 6.5). */
  readonly subsystem?: boolean;
  readonly terminal?: TerminalRequest | undefined;
  /** Not run without the terminal: the user asked for one; it does not just follow the caller's own. */
  readonly needsTerminal?: boolean;
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly agentForward: boolean;
}

/** Reported after the server's CLOSE, or when the pool has closed the session. */
export type Outcome =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  /** The server refused `request`. Nothing ran, or, if that was the terminal, it is unknown. */
  | { readonly kind: 'refused'; readonly request: string }
  /** Closed by the server, or by the pool, without a status. */
  | { readonly kind: 'vanished' }
  | { readonly kind: 'lost'; readonly error: SshpoolError };

export interface SessionEvents {
  /** `terminal`: one was requested and granted. */
  onStarted(terminal: boolean): void;
  onTerminalRefused?(): void;
  onStdout(data: Borrowed): void;
  onStderr(data: Borrowed): void;
  /** This many more bytes of stdin may be written. */
  onStdinWindow(bytes: number): void;
  /** The remote command no longer reads its stdin (eow@openssh.com, OpenSSH's PROTOCOL 2.1). */
  onStdinClosed(): void;
  /** Exactly once, last. */
  onEnd(outcome: Outcome): void;
}

/** Events of the slot that a session occupies at the server. */
export interface SlotEvents {
  onSpare(): void;
  onRefused(reason: number, description: string): void;
  /** Its command was sent; the reply is pending. */
  onAsked(): void;
  /** Bytes of its command's streams, received or sent. */
  onMoved(bytes: number): void;
  /** The pool has closed it: onClosed follows. */
  onLeft(): void;
  /** The slot is free again; not after onRefused. */
  onClosed(): void;
  readonly onMove?: OnMove;
}

export type SessionState =
  'opening' | 'spare' | 'starting' | 'running' | 'exited' | 'left' | 'closed';
export type SessionEvent = 'opened' | 'start' | 'granted' | 'exit' | 'leave' | 'end';

/** An early exit status is kept. `left`: over for its caller; its slot is taken until the server closes. */
export const SESSION_MOVES: Moves<SessionState, SessionEvent> = {
  opening: { opened: 'spare', leave: 'left', end: 'closed' },
  spare: { start: 'starting', leave: 'left', end: 'closed' },
  starting: { granted: 'running', exit: 'exited', leave: 'left', end: 'closed' },
  running: { exit: 'exited', leave: 'left', end: 'closed' },
  exited: { leave: 'left', end: 'closed' },
  left: { end: 'closed' },
  closed: {},
};

const NOTHING = Buffer.alloc(0);
const text = (value: string): Buffer => new Writer().string(value).finish();

export class Session {
  readonly #channel: Channel;
  readonly #slot: SlotEvents;
  #state: SessionState = 'opening';
  #events: SessionEvents | undefined;
  #outcome: Outcome | undefined;
  #terminal = false;
  /** Bytes of stdin granted to the caller and not written yet. */
  readonly #credit = new Credit();

  constructor(channels: Channels, slot: SlotEvents) {
    this.#slot = slot;
    this.#channel = channels.create('session', NOTHING, {
      onOpen: () => {
        this.#move('opened');
        this.#slot.onSpare();
      },
      onRefused: (reason, description) => {
        this.#move('end');
        this.#slot.onRefused(reason, description);
      },
      onData: (data) => this.#deliver(data, (events) => events.onStdout(data)),
      onStderr: (data) => this.#deliver(data, (events) => events.onStderr(data)),
      onEof: () => undefined, // onEnd reports the end of both streams
      onWindow: () => this.#grant(),
      onRequest: (name, payload) => this.#request(name, payload),
      onClose: (error) => this.#end(error),
    });
  }

  open(): void {
    this.#channel.open();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Sends all requests without waiting for replies. */
  start(what: Start, events: SessionEvents): void {
    if (!this.#move('start')) throw new Error(`a ${this.#state} session cannot be started`);
    this.#events = events;
    if (what.agentForward) this.#channel.request('auth-agent-req@openssh.com', NOTHING);
    if (what.terminal) {
      this.#channel.request('pty-req', ptyRequest(what.terminal), (granted) => {
        this.#terminal = granted;
        if (granted) return;
        // As ssh (clientloop.c, client_status_confirm).
        if (what.needsTerminal) this.#refuse('pty-req');
        else this.#events?.onTerminalRefused?.();
      });
    }
    for (const [name, value] of what.env) {
      this.#channel.request('env', new Writer().string(name).string(value).finish());
    }
    const { command } = what;
    const withCommand = what.subsystem ? 'subsystem' : 'exec';
    const request = command === undefined ? 'shell' : withCommand;
    const payload = command === undefined ? NOTHING : new Writer().string(command).finish();
    this.#channel.request(request, payload, (granted) => this.#started(granted, request));
    this.#slot.onAsked();
  }

  /** Within what onStdinWindow granted. */
  write(data: Borrowed): void {
    this.#credit.spend(data.length);
    this.#slot.onMoved(data.length);
    this.#channel.write(view(data));
    this.#grant();
  }

  endStdin(): void {
    this.#channel.end();
  }

  resize(size: WindowSize): void {
    if (this.#terminal) this.#channel.request('window-change', windowChange(size));
  }

  /** The remote command gets SIGPIPE when it writes. */
  closeStdout(): void {
    this.#channel.request('eow@openssh.com', NOTHING);
  }

  consume(bytes: number): void {
    this.#channel.consume(bytes);
  }

  /** Signals the remote process group; resolves to whether the server did. */
  signal(name: string): Promise<boolean> {
    return new Promise((resolve) => {
      // A starting session gets the signal right after its command: the server handles requests in order.
      if (this.#state !== 'running' && this.#state !== 'starting') resolve(false);
      else this.#channel.request('signal', text(name), resolve);
    });
  }

  /** Harmless to spares and running sessions; resolves to whether the server answered before a close. */
  ping(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#channel.request('keepalive@openssh.com', NOTHING, () =>
        resolve(this.#channel.phase === 'open'),
      );
    });
  }

  /** As long as a typed byte, answered like one: a request that no server knows (RFC 4254 section 5.4). */
  chaff(answered: () => void): void {
    this.#channel.request('.', NOTHING, answered);
  }

  /** Ends it for the caller at once, with `outcome` unless the command has ended by itself. */
  close(outcome: Outcome = { kind: 'vanished' }): void {
    if (!this.#move('leave')) return;
    this.#channel.close();
    this.#slot.onLeft();
    this.#tell(this.#outcome ?? outcome);
  }

  #refuse(request: string): void {
    // A channel that closed before the reply may have run something: that is not a refusal.
    if (this.#channel.phase === 'open') this.close({ kind: 'refused', request });
  }

  #started(granted: boolean, request: string): void {
    if (!granted) return this.#refuse(request);
    if (this.#channel.phase !== 'open') return; // its terminal was refused
    // If the exit status came before the reply, the state stays `exited`, but the session did start.
    this.#move('granted');
    this.#events?.onStarted(this.#terminal);
    this.#grant();
  }

  #deliver(data: Borrowed, give: (events: SessionEvents) => void): void {
    this.#slot.onMoved(data.length);
    if (this.#events) give(this.#events);
    else this.consume(data.length);
  }

  #grant(): void {
    if (this.#state !== 'running' && this.#state !== 'exited') return;
    const bytes = Math.min(this.#channel.bytesAtOnce, WINDOW) - this.#credit.left;
    // Each grant costs a message, so small ones wait, unless the caller has nothing left.
    if (bytes <= 0 || (bytes < WINDOW / 8 && this.#credit.left > 0)) return;
    this.#credit.grant(bytes);
    this.#events?.onStdinWindow(bytes);
  }

  #request(name: string, payload: Buffer): boolean {
    if (name === 'exit-status' && this.#move('exit')) {
      // sshd(8) puts the status of waitpid(2) there: eight bits.
      this.#outcome ??= { kind: 'exited', code: new Reader(payload).u32() & 0xff };
      return true;
    }
    if (name === 'exit-signal' && this.#move('exit')) {
      this.#outcome ??= { kind: 'signalled', signal: printableLine(new Reader(payload).text()) };
      return true;
    }
    if (name === 'eow@openssh.com') {
      this.#events?.onStdinClosed();
      return true;
    }
    return false;
  }

  #end(error: SshpoolError | undefined): void {
    const unanswered = this.#state === 'starting';
    this.#move('end');
    // `lost` even with an exit status, as output may be missing; but then the command did run.
    if (error) {
      this.#tell({ kind: 'lost', error: unanswered ? SshpoolError.mayHaveRun(error) : error });
    } else this.#tell(this.#outcome ?? { kind: 'vanished' });
    this.#slot.onClosed();
  }

  #tell(outcome: Outcome): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onEnd(outcome);
  }

  /** The only place where the state changes; false where `event` is not legal in it. */
  #move(event: SessionEvent): boolean {
    const from = this.#state;
    const to = SESSION_MOVES[from][event];
    if (to === undefined) return false;
    this.#state = to;
    this.#slot.onMove?.(from, to, event);
    return true;
  }
}
