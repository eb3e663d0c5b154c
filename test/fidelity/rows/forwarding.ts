/** Subsystems and streams to a port: the other two things that standard input may talk to. */
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { freePort } from '../../support/port.ts';
import { until } from '../../support/process.ts';
import { plain, type Row } from '../row.ts';

/** SSH_FXP_INIT of version 3. */
const SFTP_INIT = Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]);

/** Answers each connection's bytes in capitals, and ends after them. */
async function loud(): Promise<{ port: number } & AsyncDisposable> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()));
    socket.on('end', () => socket.end('end\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** It would leave without an answer if its input ended at once. */
const subsystem = (name: string, args: readonly string[]): Row => ({
  name,
  act: async (caller) => {
    const running = caller.start(args);
    running.child.stdin.write(SFTP_INIT);
    await running.shows('posix-rename@openssh.com');
    running.child.stdin.end();
    return running.end();
  },
});

export const forwardingRows: readonly Row[] = [
  subsystem('-s runs a subsystem', ['-s', 'box', 'sftp']),
  subsystem('-s may follow the host', ['box', '-s', 'sftp']),
  plain('-s of a subsystem that there is not gives 255', ['-s', 'box', 'no-such-subsystem']),
  plain('-s without a subsystem is refused', ['-s', 'box']),
  {
    name: '-W joins the streams to a port',
    act: async (caller) => {
      await using server = await loud();
      return await caller.run(['-W', `127.0.0.1:${server.port}`, 'box'], { stdin: 'hello\n' });
    },
  },
  {
    name: '-W to a port where nobody listens gives 255',
    act: async (caller) => caller.run(['-W', `127.0.0.1:${await freePort()}`, 'box']),
  },
  plain('-W to what is no port is refused', ['-W', 'nonsense', 'box']),
  {
    name: '-W takes no notice of a command',
    act: async (caller) => {
      await using server = await loud();
      const words = ['-W', `127.0.0.1:${server.port}`, 'box', 'echo command'];
      return await caller.run(words, { stdin: 'hello\n' });
    },
  },
  {
    name: '-L forwards a port for as long as the command runs',
    act: async (caller) => {
      await using server = await loud();
      const port = await freePort();
      const running = caller.start([
        ...['-L', `${port}:127.0.0.1:${server.port}`, 'box', 'echo ready; read -r x; echo "$x"'],
      ]);
      await running.shows('ready');
      const answer = await caller.run([], {
        bare: true,
        shell:
          `exec 3<>/dev/tcp/127.0.0.1/${port}; echo hello >&3; read -r x <&3; echo "$x"`.replace(
            /^.*$/s,
            (script) => `bash -c '${script}'`,
          ),
      });
      running.child.stdin.end('bye\n');
      return { ...(await running.end()), answer };
    },
  },
  {
    name: '-N runs nothing, until a signal ends it',
    act: async (caller) => {
      const running = caller.start(
        ['-N', '-o', 'PermitLocalCommand=yes', '-o', 'LocalCommand=echo connected', 'box'],
        { shell: 'exec "$@"' },
      );
      await running.shows('connected');
      running.child.kill('SIGTERM');
      return running.end();
    },
  },
  {
    name: '-f goes into the background, and the command goes on',
    act: async (caller) => {
      const facts = await caller.run(['-f', 'box', 'sleep 0.2; echo late >{dir}/late'], {
        shell: '"$@" >/dev/null 2>&1',
      });
      await until(() => caller.read('late') !== '', 'the command ends');
      return facts;
    },
  },
  plain('-J goes through another host', ['-J', 'box', 'box-behind', 'echo through']),
];
