import { createServer } from 'node:net';

/**
 * A port without a listener, now and later: tcpmux (RFC 1078). A port that is only free now may be
 * given to another test's server, or to a connection, before the test uses it.
 */
export const CLOSED_PORT = 1;

/** A port of 127.0.0.1 that has no listener now. */
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
