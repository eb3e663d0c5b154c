/** The route to a server: jump hosts, proxies, addresses and timeouts. */
import { networkInterfaces } from 'node:os';
import { CLOSED_PORT } from '../../support/port.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { startSshd, type Sshd } from '../../support/sshd.ts';
import { startRelay } from '../../support/relay.ts';
import { makeKey, publicKeyOf } from '../fixtures.ts';
import type { Case, Row } from '../row.ts';
import { plain } from './plain.ts';

const ok = { outcome: 'ok' } as const;
const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

const at = (sshd: Sshd, extra: string, more: Partial<Case> = {}): Case => ({
  args: ['-F', sshd.config(extra), 'box', 'echo arrived'],
  ...more,
});

/** Jump hosts and their blocks. */
async function hops(
  sandbox: Sandbox,
  names: readonly string[],
): Promise<{ servers: Sshd[]; blocks: string }> {
  const servers = await Promise.all(names.map((name) => startSshd(sandbox, { name })));
  return { servers, blocks: servers.map(({ hostBlock }) => hostBlock).join('\n') };
}

export const wayRows: readonly Row[] = [
  {
    name: 'one jump',
    ...ok,
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop']);
      return at(await startSshd(sandbox), `${blocks}\nHost box\nProxyJump hop`);
    },
  },
  {
    name: 'two jumps, by -J',
    ...ok,
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop', 'step']);
      const sshd = await startSshd(sandbox);
      return { args: ['-F', sshd.config(blocks), '-J', 'hop,step', 'box', 'echo arrived'] };
    },
  },
  {
    name: 'a jump host that is reached through another one',
    ...ok,
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop', 'step']);
      const jumps = 'Host box\nProxyJump step\nHost step\nProxyJump hop';
      return at(await startSshd(sandbox), `${blocks}\n${jumps}`);
    },
  },
  {
    name: 'a jump host whose key has changed',
    outcome: 'host key refused',
    link: 'none',
    prepare: async (sandbox) => {
      const { servers, blocks } = await hops(sandbox, ['hop']);
      const port = servers[0]?.port ?? 0;
      const other = publicKeyOf(makeKey(sandbox, 'other'));
      const file = sandbox.write('known', `[127.0.0.1]:${port} ${other}\n`);
      const bad = `Host hop\nUserKnownHostsFile ${file}`;
      return at(await startSshd(sandbox), `${bad}\n${blocks}\nHost box\nProxyJump hop`);
    },
  },
  {
    name: 'a jump host that forbids forwarding',
    outcome: 'other failure',
    link: 'none',
    prepare: async (sandbox) => {
      const hop = await startSshd(sandbox, {
        name: 'hop',
        options: { AllowTcpForwarding: 'no' },
      });
      return at(await startSshd(sandbox), `${hop.hostBlock}\nHost box\nProxyJump hop`);
    },
  },
  {
    name: 'a jump host with MaxSessions 0',
    ...ok,
    prepare: async (sandbox) => {
      const hop = await startSshd(sandbox, { name: 'hop', options: { MaxSessions: '0' } });
      return at(await startSshd(sandbox), `${hop.hostBlock}\nHost box\nProxyJump hop`);
    },
  },
  {
    name: 'connection refused behind the jump host',
    outcome: 'connection refused',
    link: 'none',
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop']);
      const sshd = await startSshd(sandbox);
      return at(sshd, `${blocks}\nHost box\nPort ${CLOSED_PORT}\nProxyJump hop`);
    },
  },
  {
    name: 'ProxyCommand',
    ...ok,
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop']);
      const sshd = await startSshd(sandbox);
      const config = sshd.config(blocks);
      const proxy = `ProxyCommand ssh -F ${config} -W %h:%p hop`;
      return at(sshd, `${blocks}\nHost box\n${proxy}`);
    },
  },
  {
    name: 'ProxyUseFdpass',
    ...ok,
    link: 'openssh',
    notOverSsh2: /ProxyUseFdpass/,
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop']);
      const sshd = await startSshd(sandbox);
      // It passes one end of a socket pair; an ssh process has the other end.
      const program = sandbox.write(
        'pass.py',
        [
          'import array, os, socket, subprocess, sys',
          'ours, theirs = socket.socketpair()',
          'words = ["ssh", "-F", sys.argv[1], "-W", sys.argv[2], "hop"]',
          'subprocess.Popen(words, stdin=theirs, stdout=theirs)',
          'out = socket.socket(fileno=os.dup(1))',
          'descriptor = array.array("i", [ours.fileno()])',
          'out.sendmsg([b"\\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptor)])',
        ].join('\n'),
      );
      const proxy = `ProxyUseFdpass yes\nProxyCommand python3 ${program} ${sshd.config(blocks)} %h:%p`;
      return at(sshd, `Host box\n${proxy}`);
    },
  },
  {
    name: 'a ProxyCommand that needs a variable of the caller',
    ...ok,
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop']);
      const sshd = await startSshd(sandbox);
      const program = sandbox.write(
        'proxy',
        `exec ssh -F ${sshd.config(blocks)} -W "$1" $SSHP_WAY\n`,
      );
      const proxy = `ProxyCommand sh ${program} %h:%p`;
      return at(sshd, `Host box\n${proxy}`, { run: { env: { SSHP_WAY: 'hop' } } });
    },
  },
  {
    name: 'a ProxyCommand that opens /dev/stdin and /dev/stdout',
    ...ok,
    prepare: async (sandbox) => {
      const { blocks } = await hops(sandbox, ['hop']);
      const sshd = await startSshd(sandbox);
      const words = `exec ssh -F ${sshd.config(blocks)} -W "$1" hop < /dev/stdin > /dev/stdout\n`;
      const proxy = `ProxyCommand sh ${sandbox.write('proxy', words)} %h:%p`;
      return at(sshd, `Host box\n${proxy}`);
    },
  },
  plain(
    'ProxyJump none, before one for all',
    'Host box\nProxyJump none\nHost *\nProxyJump nowhere',
  ),
  plain(
    'ProxyCommand none, before one for all',
    'Host box\nProxyCommand none\nHost *\nProxyCommand false',
  ),
  plain('a ProxyCommand that fails', 'ProxyCommand exit 3', {
    outcome: 'other failure',
    link: 'none',
  }),
  {
    name: 'IPv6, AddressFamily inet6',
    ...ok,
    skip: hasIpv6 ? undefined : 'this machine has no ::1',
    prepare: async (sandbox) => {
      const key = makeKey(sandbox, 'host');
      const first = await startSshd(sandbox, { name: 'other' });
      await first.stop();
      const sshd = await startSshd(sandbox, {
        options: { HostKey: key, ListenAddress: `[::1]:${first.port}` },
      });
      const file = sandbox.write('known', `[::1]:${first.port} ${publicKeyOf(key)}\n`);
      const extra = `Host box\nHostName ::1\nAddressFamily inet6\nPort ${first.port}\nUserKnownHostsFile ${file}`;
      return at(sshd, extra);
    },
  },
  plain('AddressFamily inet', 'AddressFamily inet'),
  plain('AddressFamily inet6, and an address of the other', 'AddressFamily inet6', {
    outcome: 'unknown host',
    link: 'none',
  }),
  plain('BindAddress', 'BindAddress 127.0.0.2', { command: 'echo ${SSH_CLIENT%% *}' }),
  plain('BindAddress of another machine', 'BindAddress 192.0.2.1', {
    outcome: 'other failure',
    link: 'none',
  }),
  plain('BindAddress by a name', 'BindAddress localhost'),
  plain('BindAddress of another family', 'BindAddress ::1', {
    outcome: 'other failure',
    link: 'none',
  }),
  plain('BindInterface that is not there', 'BindInterface none.such', {
    outcome: 'other failure',
    link: 'none',
  }),
  plain('BindInterface', 'BindInterface lo', {
    command: 'echo ${SSH_CLIENT%% *}',
    skip: 'lo' in networkInterfaces() ? undefined : 'the loopback interface has another name',
  }),
  {
    name: 'Compression',
    ...ok,
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox, { options: { LogLevel: 'DEBUG1' } });
      const after = (): string =>
        /kex: client->server .* compression: (\S+)/.exec(sshd.log())?.[1] ?? 'none asked for';
      return at(sshd, 'Compression yes', { after });
    },
  },
  plain('TCPKeepAlive no, ServerAliveInterval 1', 'TCPKeepAlive no\nServerAliveInterval 1'),
  plain('ConnectionAttempts 2', 'ConnectionAttempts 2'),
  {
    name: 'connection refused',
    outcome: 'connection refused',
    link: 'none',
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      return at(sshd, `Host box\nPort ${CLOSED_PORT}`);
    },
  },
  {
    name: 'a host that does not answer',
    outcome: 'timeout',
    link: 'none',
    prepare: async (sandbox) => {
      const sshd = await startSshd(sandbox);
      const relay = await startRelay(sshd.port);
      sandbox.defer(() => relay.close());
      relay.stall();
      return at(sshd, `Host box\nPort ${relay.port}\nConnectTimeout 1`);
    },
  },
  {
    name: 'a name that does not resolve',
    outcome: 'unknown host',
    link: 'none',
    prepare: async (sandbox) => at(await startSshd(sandbox), 'Host box\nHostName no.invalid'),
  },
];
