import { Socket, type TcpNetConnectOpts } from 'node:net';
import { networkInterfaces } from 'node:os';
import { beforeEach, describe, expect, it } from 'vitest';
import { SshpoolError } from '../../../../src/base/errors.ts';
import { readSshOptions, type SshOptions } from '../../../../src/config/ssh-config/options.ts';
import { resolveAddresses } from '../../../../src/ssh/transport/addresses.ts';
import { connectTcp } from '../../../../src/ssh/transport/tcp.ts';
import { FakeClock } from '../../../support/clock.ts';
import { settle } from '../../../support/fake-link.ts';

const TIMEOUT_MS = 5000;

const optionsOf = (lines: string): SshOptions =>
  readSshOptions(`hostname web.test\nport 22\n${lines}\n`, {
    target: { text: 'web', host: 'web' },
    configFile: undefined,
    cwd: '/',
    account: { user: 'me', uid: 1000, home: '/home/me', localHost: 'here' },
    env: {},
  });

let clock: FakeClock;
/** One entry for each attempt, in order. */
let tries: { readonly to: TcpNetConnectOpts; readonly socket: Socket }[];
let asides: number;
let controller: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  tries = [];
  asides = 0;
  controller = new AbortController();
});

interface Outcome {
  socket?: Socket;
  error?: SshpoolError;
}

/** Starts a connect to a name with these addresses. */
async function begin(addresses: readonly string[], lines = ''): Promise<Outcome> {
  const outcome: Outcome = {};
  const request = {
    options: optionsOf(lines),
    clock,
    timeoutMs: TIMEOUT_MS,
    aside: <T>(wait: () => Promise<T>): Promise<T> => {
      asides++;
      return wait().finally(() => asides--);
    },
    signal: controller.signal,
  };
  connectTcp(request, {
    lookup: async (name, family) => {
      if (name !== 'web.test') return resolveAddresses(name, family);
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
    connect: (to) => {
      const socket = new Socket();
      tries.push({ to, socket });
      return socket;
    },
  }).then(
    (socket) => (outcome.socket = socket),
    (thrown: unknown) => (outcome.error = SshpoolError.from(thrown)),
  );
  await settle();
  return outcome;
}

const to = (): (string | undefined)[] => tries.map(({ to: { host } }) => host);
const from = (): (string | undefined)[] => tries.map(({ to: { localAddress } }) => localAddress);

async function refuse(): Promise<void> {
  const refused = { errno: -111, code: 'ECONNREFUSED', syscall: 'connect' };
  tries.at(-1)?.socket.destroy(Object.assign(new Error('refused'), refused));
  await settle();
}

async function accept(): Promise<void> {
  tries.at(-1)?.socket.emit('connect');
  await settle();
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

describe('a name with several addresses', () => {
  it('connects to the first that answers, in their order', async () => {
    const outcome = await begin(['2001:db8::1', '192.0.2.1', '192.0.2.2']);
    await refuse();
    await accept();
    expect(to()).toEqual(['2001:db8::1', '192.0.2.1']);
    expect(outcome.socket).toBe(tries[1]?.socket);
  });

  it('has the whole timeout for each address, not one timeout for all', async () => {
    const outcome = await begin(['2001:db8::1', '192.0.2.1']);
    await pass(TIMEOUT_MS - 1);
    expect(to()).toEqual(['2001:db8::1']);
    expect(asides).toBe(1);
    await pass(1);
    expect(tries[0]?.socket.destroyed).toBe(true);
    // The last attempt is under the total limit, which kept running.
    expect([asides, clock.pending]).toEqual([0, 0]);
    await accept();
    expect(outcome.socket).toBe(tries[1]?.socket);
  });

  it('fails with the error of the last one', async () => {
    const outcome = await begin(['2001:db8::1', '192.0.2.1']);
    await pass(TIMEOUT_MS);
    await refuse();
    expect(outcome.error?.message).toBe('connect to host web.test port 22: Connection refused');
  });

  it('is not tried further after the caller has cancelled', async () => {
    const outcome = await begin(['2001:db8::1', '192.0.2.1']);
    controller.abort();
    await settle();
    expect(to()).toEqual(['2001:db8::1']);
    expect(outcome.error).toBeDefined();
    expect(clock.pending).toBe(0);
  });
});

describe('ConnectionAttempts', () => {
  it('tries all addresses again, a second later', async () => {
    const outcome = await begin(['192.0.2.1', '192.0.2.2'], 'connectionattempts 2');
    await refuse();
    await refuse();
    await pass(999);
    expect(tries).toHaveLength(2);
    await pass(1);
    await refuse();
    await accept();
    expect(to()).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.2']);
    expect(outcome.socket).toBeDefined();
  });

  it('stops in the pause if the caller cancels', async () => {
    const outcome = await begin(['192.0.2.1'], 'connectionattempts 2');
    await refuse();
    controller.abort();
    await settle();
    expect(outcome.error).toBeDefined();
    expect([tries.length, clock.pending]).toEqual([1, 0]);
  });
});

describe('the source address of a connection', () => {
  it('is not set by default', async () => {
    await begin(['192.0.2.1']);
    expect(from()).toEqual([undefined]);
  });

  it('is BindAddress, which overrides BindInterface', async () => {
    await begin(['192.0.2.1'], 'bindaddress 127.0.0.2\nbindinterface none.such');
    expect(from()).toEqual(['127.0.0.2']);
  });

  it('has the family of the destination: addresses of another family are skipped', async () => {
    await begin(['2001:db8::1', '192.0.2.1'], 'bindaddress 127.0.0.2');
    expect(to()).toEqual(['192.0.2.1']);
  });

  it('fails if BindAddress cannot be used', async () => {
    const { error } = await begin(['192.0.2.1'], 'bindaddress ::1');
    expect(error?.message).toBe(
      'connect to host web.test port 22: BindAddress ::1: Address family for hostname not supported',
    );
  });

  const loopback = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some(({ address }) => address === '127.0.0.1'),
  )?.[0];

  it('is the address of BindInterface', async () => {
    await begin(['192.0.2.1'], `bindinterface ${loopback}`);
    expect(from()).toEqual(['127.0.0.1']);
  });

  it('fails if BindInterface has no address', async () => {
    const { error } = await begin(['192.0.2.1'], 'bindinterface none.such');
    expect(error?.message).toBe(
      'connect to host web.test port 22: BindInterface none.such has no address for IPv4',
    );
  });
});

describe('an address instead of a name', () => {
  it.each([
    ['127.0.0.1', 'any', 4],
    ['127.0.0.1', 'inet', 4],
    ['::1', 'inet6', 6],
    ['fe80::1%lo', 'any', 6],
  ] as const)('%s is used directly, AddressFamily %s', async (address, family, number) => {
    expect(await resolveAddresses(address, family)).toEqual([{ address, family: number }]);
  });

  it.each([
    ['127.0.0.1', 'inet6'],
    ['::1', 'inet'],
  ] as const)('%s does not match AddressFamily %s', async (address, family) => {
    await expect(resolveAddresses(address, family)).rejects.toMatchObject({
      code: 'EAI_ADDRFAMILY',
    });
  });
});
