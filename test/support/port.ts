import { createServer } from 'node:net';

/**
 * A port on which nobody listens and will not: tcpmux (RFC 1078). One that is only free now may be
 * given to another test's server, or to a connection, before it is asked.
 */
export const CLOSED_PORT = 1;

/** A port of 127.0.0.1 on which nobody listens now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
