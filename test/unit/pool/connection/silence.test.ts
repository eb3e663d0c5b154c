/** Connections that become silent while an answer is due. */
import { lend } from '../../../../src/base/borrowed.ts';
import { describe, expect, it } from 'vitest';
import { answerDueMs, giveUpAt } from '../../../../src/pool/connection/health.ts';
import { settle, type FakeLink } from '../../../support/fake-link.ts';
import { PoolBench, refused, type Call } from '../../../support/pool-bench.ts';

const MAY_HAVE_RUN = 'the connection to web was lost: no answer; the command may have run';

interface Frozen {
  readonly bench: PoolBench;
  readonly link: FakeLink;
}

/** A connection that has worked, and whose server now sends nothing. */
async function frozen(settings = {}): Promise<Frozen> {
  const bench = new PoolBench(settings, { connectByHand: true });
  const first = bench.begin();
  await settle();
  const link = connect(bench);
  await settle();
  await bench.run(first);
  await bench.finish(first);
  link.mute = true;
  return { bench, link };
}

function connect(bench: PoolBench): FakeLink {
  const [under] = bench.connects;
  if (!under) throw new Error('no connect is under way');
  return under.succeed();
}

/** A call whose command was sent; the server does not answer. */
async function sent(bench: PoolBench): Promise<Call> {
  const call = await bench.call();
  await bench.run(call);
  return call;
}

const messageOf = ({ outcome }: Call): string | undefined =>
  outcome?.kind === 'lost' ? outcome.error.message : undefined;

describe('a command that was sent to a silent server', () => {
  it('ends soon after another connection has reached the server', async () => {
    const { bench, link } = await frozen();
    const call = await sent(bench);
    await bench.pass(1000, 100);
    connect(bench);
    await bench.pass(1000, 100);
    expect(call.outcome).toBeUndefined();
    await bench.pass(50);
    expect(messageOf(call)).toBe(MAY_HAVE_RUN);
    expect(link.leaving).toBe(true);
  });

  it('is not sent a second time', async () => {
    const { bench } = await frozen();
    await sent(bench);
    await bench.pass(1000, 100);
    const second = connect(bench);
    await bench.pass(20_000);
    expect(second.requests).not.toContain('exec');
  });

  it('starts a connect without a prompt', async () => {
    const { bench } = await frozen();
    await sent(bench);
    await bench.pass(800, 100);
    expect(bench.connects).toEqual([]);
    await bench.pass(100);
    expect(bench.connects.map(({ purpose }) => purpose)).toEqual(['speed']);
  });

  it('goes on if the network was down for three seconds', async () => {
    const { bench, link } = await frozen();
    const call = await sent(bench);
    await bench.pass(4000, 100);
    connect(bench);
    // TCP's retransmission arrives after 6.2 s.
    await bench.pass(2200, 100);
    link.unmute();
    await settle();
    await bench.pass(30_000);
    expect([call.outcome, link.running.length]).toEqual([undefined, 1]);
  });

  it('ends after fifteen seconds if the server cannot be reached', async () => {
    const { bench } = await frozen();
    const call = await sent(bench);
    await bench.pass(3000, 100);
    bench.connects[0]?.fail(refused('No route to host'));
    await bench.pass(11_900, 100);
    expect([call.outcome, bench.connectCount]).toEqual([undefined, 2]);
    await bench.pass(100);
    expect(messageOf(call)).toBe(MAY_HAVE_RUN);
  });

  it('may wait behind an upload: the pool waits fifteen seconds', async () => {
    const { bench, link } = await frozen();
    link.unmute();
    await settle();
    const upload = await bench.running();
    upload.lease?.session.write(lend(Buffer.alloc(100_000)));
    link.mute = true;
    const call = await sent(bench);
    await bench.pass(1000, 100);
    connect(bench);
    await bench.pass(13_900, 100);
    expect(call.outcome).toBeUndefined();
    await bench.pass(100);
    expect(messageOf(call)).toBe(MAY_HAVE_RUN);
  });

  it('uses an existing second connection to probe the server, and makes none', async () => {
    const { bench, link } = await frozen();
    link.unmute();
    await settle();
    for (let i = 0; i < 8; i++) await bench.running();
    const call = bench.begin();
    await settle();
    const second = connect(bench);
    await settle();
    second.mute = true;
    await bench.run(call);
    await bench.pass(2400, 100);
    expect([messageOf(call), bench.connectCount]).toEqual([MAY_HAVE_RUN, 2]);
  });

  it('waits while the server sends any other message', async () => {
    const { bench, link } = await frozen();
    const call = await sent(bench);
    const recipient = link.sentOf('open').at(-2)?.sender ?? 0;
    for (let i = 0; i < 40; i++) {
      await bench.pass(800, 100);
      link.receive({ type: 'window-adjust', recipient, bytes: 1 });
    }
    expect([call.outcome, bench.connectCount]).toEqual([undefined, 1]);
  });

  it('reports that it may have run if the connection breaks', async () => {
    const { bench, link } = await frozen();
    const call = await sent(bench);
    link.lose('reset');
    await settle();
    expect(messageOf(call)).toBe(
      'the connection to fake was lost: reset; the command may have run',
    );
  });
});

describe('a silent connection', () => {
  it('is not used for calls whose command was not sent yet', async () => {
    const { bench } = await frozen();
    await sent(bench);
    const waiting = await bench.call();
    expect(waiting.lease).toBeUndefined();
    await bench.pass(1000, 100);
    connect(bench);
    await settle();
    expect(waiting.lease?.reused).toBe(false);
  });

  it('gets no further call', async () => {
    const { bench } = await frozen();
    await sent(bench);
    await bench.pass(1000, 100);
    const later = await bench.call();
    connect(bench);
    await settle();
    expect(later.lease?.connection.link).toBe(bench.link);
  });

  it('is not waited for if no other can be made: the call fails with the reason', async () => {
    const { bench, link } = await frozen();
    link.unmute();
    await settle();
    await bench.running();
    link.mute = true;
    await bench.pass(8000, 100);
    const call = await bench.call();
    bench.connects[0]?.fail(refused('No route to host'));
    await settle();
    expect(call.error?.message).toBe('connect to host web port 22: No route to host');
  });

  it('is skipped also during its next ping', async () => {
    const bench = new PoolBench();
    await bench.running();
    bench.link.mute = true;
    await bench.pass(10_500, 500);
    expect((await bench.call()).lease?.connection.link).toBe(bench.links[1]);
  });

  it('is still used if only one connection is allowed', async () => {
    const { bench } = await frozen({ maxConnections: 1 });
    await sent(bench);
    const waiting = await bench.call();
    await bench.pass(1000, 100);
    connect(bench);
    await settle();
    expect(waiting.lease).toBeDefined();
  });

  it('keeps its running commands: the keep-alive decides about them', async () => {
    const { bench, link } = await frozen();
    link.unmute();
    await settle();
    const old = await bench.running();
    link.mute = true;
    const call = await sent(bench);
    await bench.pass(1000, 100);
    connect(bench);
    await bench.pass(30_000);
    expect([messageOf(call), old.outcome, link.ended]).toEqual([MAY_HAVE_RUN, undefined, false]);
  });

  it('is used again when the server answers again', async () => {
    const { bench, link } = await frozen();
    const call = await sent(bench);
    await bench.pass(1500, 100);
    link.unmute();
    await settle();
    expect((await bench.call()).lease?.connection).toBe(call.lease?.connection);
  });
});

describe('the rules', () => {
  it.each([
    [null, 900],
    [100, 900],
    [400, 1600],
    [3000, 2000],
  ])('with a round trip of %s ms an answer is due within %i ms', (rttMs, expected) => {
    expect(answerDueMs(rttMs)).toBe(expected);
  });

  it.each([
    ['a connect as fast as usual', 1000, 1300, 2250],
    ['a slow connect that is as usual', 1000, 2900, 2900],
    ['a connect whose first packet was lost', 1000, 4300, 8850],
    ['a connect that began before', -500, 300, 850],
  ])('%s decides when the silent connection is given up', (_, begunAt, answeredAt, expected) => {
    expect(giveUpAt(0, { begunAt, answeredAt }, 1000)).toBe(expected);
  });
});
