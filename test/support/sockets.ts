/** Unix socket connections of the running test. */
import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createSandbox } from './sandbox.ts';

/** Both ends of one connection; `options` are the client's. */
export async function connected(
  options: Partial<NetConnectOpts> = {},
): Promise<readonly [client: Socket, server: Socket]> {
  const sandbox = createSandbox();
  const path = sandbox.path('socket');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const client = connect({ ...options, path });
  const [far] = (await once(server, 'connection')) as [Socket];
  onTestFinished(async () => {
    client.destroy();
    far.destroy();
    server.close();
    await sandbox[Symbol.asyncDispose]();
  });
  return [client, far];
}
