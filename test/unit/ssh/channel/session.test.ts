import { lend, view } from '../../../../src/base/borrowed.ts';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../../src/base/bytes.ts';
import { WINDOW } from '../../../../src/ssh/channel/channel.ts';
import { Channels } from '../../../../src/ssh/channel/channels.ts';
import { Session, type Outcome, type Start } from '../../../../src/ssh/channel/session.ts';
import { FakeLink, settle } from '../../../support/fake-link.ts';

const COMMAND: Start = { command: Buffer.from('ls'), env: [], agentForward: false };

let link: FakeLink;
let session: Session;
let told: string[];
let outcome: Outcome | undefined;
let moved: number;

const nothing = (): void => undefined;

function fresh(): void {
  link = new FakeLink();
  [told, outcome, moved] = [[], undefined, 0];
  const channels = new Channels(link, 'web', { onHeard: nothing, onClosed: nothing });
  channels.start();
  session = new Session(channels, {
    onSpare: () => told.push('spare'),
    onRefused: (reason, description) => told.push(`refused ${reason} ${description}`),
    onAsked: nothing,
    onMoved: (bytes) => (moved += bytes),
    onLeft: () => told.push('left'),
    onClosed: () => told.push('closed'),
  });
  session.open();
}

const confirm = (window = 0): void =>
  link.receive({ type: 'open-confirmation', recipient: 0, sender: 9, window, maxPacket: 32_768 });
const reply = (type: 'success' | 'failure' | 'close' | 'eof'): void =>
  link.receive({ type, recipient: 0 });
const grant = (bytes: number): void => link.receive({ type: 'window-adjust', recipient: 0, bytes });
const request = (name: string, payload: Buffer, wantReply = false): void =>
  link.receive({ type: 'request', recipient: 0, name, wantReply, payload });
const status = (code: number): void => request('exit-status', new Writer().u32(code).finish());
const killed = (signal: string): void =>
  request('exit-signal', new Writer().string(signal).bool(false).string('').string('').finish());

function start(what: Start = COMMAND): void {
  session.start(what, {
    onStarted: () => told.push('started'),
    onTerminalRefused: () => told.push('no terminal'),
    onStdout: (data) => told.push(`out ${view(data).toString()}`),
    onStderr: (data) => told.push(`err ${view(data).toString()}`),
    onStdinWindow: (bytes) => told.push(`window ${bytes}`),
    onStdinClosed: () => told.push('stdin closed'),
    onEnd: (ended) => {
      told.push('end');
      outcome = ended;
    },
  });
}

function running(): void {
  confirm();
  start();
  reply('success');
  told.length = 0;
}

beforeEach(fresh);

describe('a spare', () => {
  it('is opened in advance and waits', () => {
    confirm();
    expect([session.state, told]).toEqual(['spare', ['spare']]);
  });

  it('may be refused', () => {
    link.receive({ type: 'open-failure', recipient: 0, reason: 1, description: 'full' });
    expect([session.state, told]).toEqual(['closed', ['refused 1 full']]);
  });

  it('that the server closes frees its slot', () => {
    confirm();
    reply('close');
    expect(told).toEqual(['spare', 'closed']);
  });

  it('is started once', () => {
    confirm();
    start();
    expect(() => start()).toThrow('a starting session cannot be started');
  });

  it('cannot be started before it is open', () => {
    expect(() => start()).toThrow('a opening session cannot be started');
  });

  it('consumes data that arrives without a running command', () => {
    confirm();
    const data = Buffer.alloc(WINDOW / 8);
    link.receive({ type: 'data', recipient: 0, data });
    expect(link.sentOf('window-adjust')).toHaveLength(1);
  });
});

describe('a start', () => {
  it('sends all requests without waiting, the command last', () => {
    confirm();
    start({ ...COMMAND, env: [['LANG', 'C']], agentForward: true });
    expect(link.requests).toEqual(['auth-agent-req@openssh.com', 'env', 'exec']);
    expect(link.sentOf('request').map(({ wantReply }) => wantReply)).toEqual([false, false, true]);
    expect(link.sentOf('request')[1]?.payload.toString('latin1')).toBe('\0\0\0\x04LANG\0\0\0\x01C');
    expect(link.sentOf('request')[2]?.payload.toString('latin1')).toBe('\0\0\0\x02ls');
  });

  it('without a command requests a shell', () => {
    confirm();
    start({ ...COMMAND, command: undefined });
    expect(link.sentOf('request')).toMatchObject([{ name: 'shell', payload: Buffer.alloc(0) }]);
  });

  it('is reported when the server grants it', () => {
    confirm();
    start();
    expect(session.state).toBe('starting');
    reply('success');
    expect([session.state, told]).toEqual(['running', ['spare', 'started']]);
  });

  it('that is refused ends the session, and no command ran', () => {
    confirm();
    start();
    reply('failure');
    expect(link.sent.at(-1)).toEqual({ type: 'close', recipient: 9 });
    reply('close');
    expect(outcome).toEqual({ kind: 'refused', request: 'exec' });
  });

  it('may be granted after the exit status has arrived', () => {
    confirm();
    start();
    status(3);
    reply('success');
    reply('close');
    expect(told).toEqual(['spare', 'started', 'end', 'closed']);
    expect(outcome).toEqual({ kind: 'exited', code: 3 });
  });
});

describe('a start with a terminal', () => {
  const terminal = {
    ...{ term: 'vt100', columns: 80, rows: 24, width: 640, height: 480 },
    modes: Buffer.from([53, 0, 0, 0, 1, 0]),
  };

  it('requests it together with the variables and the command', () => {
    confirm();
    start({ ...COMMAND, terminal, env: [['LANG', 'C']], agentForward: true });
    expect(link.requests).toEqual(['auth-agent-req@openssh.com', 'pty-req', 'env', 'exec']);
    expect(link.sentOf('request')[1]).toMatchObject({
      wantReply: true,
      payload: new Writer()
        .string('vt100')
        .u32(80)
        .u32(24)
        .u32(640)
        .u32(480)
        .string(terminal.modes)
        .finish(),
    });
  });

  it('is reported when the server grants both', () => {
    confirm();
    start({ ...COMMAND, terminal });
    reply('success');
    expect(told).toEqual(['spare']);
    reply('success');
    expect(told).toEqual(['spare', 'started']);
  });

  it('continues without a terminal that the server refuses if it is optional', () => {
    confirm();
    start({ ...COMMAND, terminal });
    reply('failure');
    reply('success');
    expect(told).toEqual(['spare', 'no terminal', 'started']);
  });

  it('ends if the server refuses a demanded terminal, whether it grants the command or not', () => {
    confirm();
    start({ ...COMMAND, terminal, needsTerminal: true });
    reply('failure');
    reply('success');
    reply('close');
    expect(told).toEqual(['spare', 'left', 'end', 'closed']);
    expect(outcome).toEqual({ kind: 'refused', request: 'pty-req' });
  });

  it('sends a new size to the server', () => {
    confirm();
    start({ ...COMMAND, terminal });
    reply('success');
    reply('success');
    session.resize({ columns: 100, rows: 50, width: 1, height: 2 });
    expect(link.sentOf('request').at(-1)).toMatchObject({
      name: 'window-change',
      wantReply: false,
      payload: new Writer().u32(100).u32(50).u32(1).u32(2).finish(),
    });
  });
});

describe('a start of a subsystem', () => {
  it('sends its name', () => {
    confirm();
    start({ ...COMMAND, command: Buffer.from('sftp'), subsystem: true });
    expect(link.sentOf('request')).toMatchObject([
      { name: 'subsystem', payload: new Writer().string('sftp').finish() },
    ]);
  });

  it('may be refused', () => {
    confirm();
    start({ ...COMMAND, subsystem: true });
    reply('failure');
    reply('close');
    expect(outcome).toEqual({ kind: 'refused', request: 'subsystem' });
  });
});

describe('output', () => {
  beforeEach(running);

  it('is separated into stdout and stderr, and in order', () => {
    link.receive({ type: 'data', recipient: 0, data: Buffer.from('a') });
    link.receive({ type: 'extended-data', recipient: 0, code: 1, data: Buffer.from('b') });
    link.receive({ type: 'data', recipient: 0, data: Buffer.from('c') });
    expect(told).toEqual(['out a', 'err b', 'out c']);
  });

  it('is granted again after it was consumed', () => {
    session.consume(WINDOW);
    expect(link.sentOf('window-adjust')).toEqual([
      { type: 'window-adjust', recipient: 9, bytes: WINDOW },
    ]);
  });

  it('that is not read any more is reported to the server', () => {
    session.closeStdout();
    expect(link.requests.at(-1)).toBe('eow@openssh.com');
  });
});

describe('stdin', () => {
  it('is granted to the caller as the server grants it', () => {
    running();
    grant(100);
    expect(told).toEqual(['window 100']);
  });

  it('is granted at the start if the server granted it before', () => {
    confirm(50);
    start();
    expect(told).toEqual(['spare']);
    reply('success');
    expect(told).toEqual(['spare', 'started', 'window 50']);
  });

  it('is granted in portions while some of the window is left', () => {
    running();
    grant(100);
    grant(100);
    grant(WINDOW / 8);
    expect(told).toEqual(['window 100', `window ${WINDOW / 8 + 100}`]);
  });

  it('of more than was granted throws an error', () => {
    running();
    grant(2);
    expect(() => session.write(lend(Buffer.from('abc')))).toThrow(RangeError);
  });

  it('uses up the granted bytes', () => {
    running();
    grant(3);
    session.write(lend(Buffer.from('abc')));
    expect(link.sentOf('data')).toHaveLength(1);
    grant(4);
    expect(told).toEqual(['window 3', 'window 4']);
  });

  it('counts as traffic, as stdout and stderr do', () => {
    running();
    grant(3);
    session.write(lend(Buffer.from('abc')));
    link.receive({ type: 'data', recipient: 0, data: Buffer.from('four') });
    link.receive({ type: 'extended-data', recipient: 0, code: 1, data: Buffer.from('error') });
    expect(moved).toBe(12);
  });

  it('ends with EOF', () => {
    running();
    session.endStdin();
    expect(link.sent.at(-1)).toEqual({ type: 'eof', recipient: 9 });
  });

  it('that the command does not read any more is reported', () => {
    running();
    request('eow@openssh.com', Buffer.alloc(0));
    expect(told).toEqual(['stdin closed']);
  });
});

describe('the end', () => {
  beforeEach(running);

  it("is reported with the server's CLOSE, not with the exit status", () => {
    status(7);
    expect([session.state, told]).toEqual(['exited', []]);
    reply('close');
    expect(told).toEqual(['end', 'closed']);
    expect(outcome).toEqual({ kind: 'exited', code: 7 });
  });

  it('has an exit status of eight bits', () => {
    status(0x1_02);
    reply('close');
    expect(outcome).toEqual({ kind: 'exited', code: 2 });
  });

  it('by a signal has the name of the signal', () => {
    killed('TERM');
    reply('close');
    expect(outcome).toEqual({ kind: 'signalled', signal: 'TERM' });
  });

  it('has the first exit status if there are two', () => {
    status(1);
    killed('KILL');
    reply('close');
    expect(outcome).toEqual({ kind: 'exited', code: 1 });
  });

  it('without an exit status is reported as such', () => {
    reply('close');
    expect(outcome).toEqual({ kind: 'vanished' });
  });

  it('with the link is a loss, even after an exit status: output may be cut short', () => {
    status(0);
    link.lose('r');
    expect(outcome).toMatchObject({ kind: 'lost', error: { code: 'CONNECTION_LOST' } });
  });

  it('by a malformed exit status is a loss', async () => {
    request('exit-status', Buffer.alloc(1));
    await settle();
    expect(outcome?.kind).toBe('lost');
  });

  it("by the client is reported at once; the slot is free after the server's CLOSE", () => {
    session.close();
    expect([session.state, told]).toEqual(['left', ['left', 'end']]);
    reply('close');
    expect(told).toEqual(['left', 'end', 'closed']);
  });

  it('by the client keeps an exit status that has arrived', () => {
    status(3);
    session.close();
    expect(outcome).toEqual({ kind: 'exited', code: 3 });
  });
});

describe('a signal', () => {
  it('is delivered if the server grants it', async () => {
    running();
    const done = session.signal('TERM');
    expect(link.sentOf('request').at(-1)?.payload.toString('latin1')).toBe('\0\0\0\x04TERM');
    reply('success');
    expect(await done).toBe(true);
  });

  it('is not delivered if the server refuses it', async () => {
    running();
    const done = session.signal('TERM');
    reply('failure');
    expect(await done).toBe(false);
  });

  it('is not sent if no command runs', async () => {
    confirm();
    expect(await session.signal('TERM')).toBe(false);
    expect(link.requests).toEqual([]);
  });
});

describe('a ping', () => {
  it.each(['success', 'failure'] as const)('is answered by %s as well', async (answer) => {
    confirm();
    const alive = session.ping();
    reply(answer);
    expect(await alive).toBe(true);
  });

  it('is not answered by the loss of the link', async () => {
    confirm();
    const alive = session.ping();
    link.lose();
    expect(await alive).toBe(false);
  });
});

type Act = () => void;

let asked = false;

const acts: Readonly<Record<string, Act>> = {
  confirm: () => confirm(100),
  refuse: () => link.receive({ type: 'open-failure', recipient: 0, reason: 1, description: '' }),
  success: () => reply('success'),
  failure: () => reply('failure'),
  close: () => reply('close'),
  eof: () => reply('eof'),
  window: () => grant(1000),
  data: () => link.receive({ type: 'data', recipient: 0, data: Buffer.from('x') }),
  status: () => status(1),
  brokenStatus: () => request('exit-status', Buffer.alloc(2), true),
  signalled: () => killed('HUP'),
  eow: () => request('eow@openssh.com', Buffer.alloc(0), true),
  unknown: () => request('unknown', Buffer.alloc(0), true),
  lose: () => link.lose(),
  start: () => {
    if (session.state !== 'spare') return;
    asked = true;
    start();
  },
  endStdin: () => session.endStdin(),
  closeStdout: () => session.closeStdout(),
  leave: () => session.close(),
  signal: () => void session.signal('INT'),
  ping: () => void session.ping(),
  consume: () => session.consume(WINDOW / 8),
};

describe('for any sequence of actions of server and client', () => {
  it('a started session ends once, and reports its slot once', async () => {
    const names = fc.array(fc.constantFrom(...Object.keys(acts)), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(names, fc.boolean(), async (course, begun) => {
        fresh();
        asked = false;
        if (begun) running();
        for (const name of course) acts[name]?.();
        await settle();
        link.lose();
        const count = (what: string): number => told.filter((text) => text === what).length;
        const refused = told.some((text) => text.startsWith('refused'));
        const started = begun || asked;
        expect(session.state).toBe('closed');
        expect(count('end')).toBe(started ? 1 : 0);
        expect(count('closed')).toBe(refused ? 0 : 1);
        expect(told.at(-1)).toBe(refused ? 'refused 1 ' : 'closed');
        const kinds = link.sent.map(({ type }) => type);
        const at = kinds.indexOf('close');
        expect(at < 0 ? [] : kinds.slice(at + 1)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('no more stdin is sent than the server granted', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(WINDOW)), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (course) => {
        fresh();
        running();
        let [server, room] = [0, 0];
        for (const [grants, bytes] of course) {
          if (grants) {
            server += bytes;
            grant(bytes);
          }
          room = told.reduce((sum, text) => sum + Number(/^window (\d+)/.exec(text)?.[1] ?? 0), 0);
          const used = link.sentOf('data').reduce((sum, { data }) => sum + data.length, 0);
          expect(room).toBeLessThanOrEqual(server);
          if (!grants) session.write(lend(Buffer.alloc(Math.min(bytes, room - used))));
        }
      }),
    );
  });
});
