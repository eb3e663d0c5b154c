import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startProxy } from '../../../src/ssh/proxy.ts';
import { until } from '../../support/process.ts';

/** The end of a proxy to which the first line of ssh was written. */
function endOf(command: string, cwd = '/'): Promise<unknown> {
  const env = { PATH: process.env['PATH'] };
  const stream = startProxy(command, { env, cwd, note: () => undefined });
  stream.resume();
  stream.write('SSH-2.0-x\r\n');
  return new Promise((resolve) => {
    stream.once('error', resolve);
    stream.once('end', () => resolve('end'));
  });
}

test.each([
  [`sh -c 'echo bad >&2; exit 1'`, /: bad$/],
  [`sh -c 'exec 1>&-; sleep 0.1; echo bad >&2; exit 1'`, /: bad$/],
  [`sh -c 'read line; sleep 0.1; echo bad >&2; exit 1'`, /: bad$/],
  ['false', /: it exited with status 1$/],
  ['true', /: it exited with status 0$/],
  ['/no/such/program', /: .*not found$/],
])('a proxy that fails is reported in its words: %s', async (command, words) => {
  expect(await endOf(command)).toMatchObject({ code: 'PROXY_FAILED' });
  expect(String(await endOf(command))).toMatch(words);
});

test('a proxy that fails is named by its program: an argument may be a password', async () => {
  const failure = String(await endOf(`sh -c 'exit 1' --auth me:secret`));
  expect(failure).toContain('proxy command failed: sh: it exited with status 1');
  expect(failure).not.toContain('secret');
});

test('a proxy that closes its input only fails as a proxy', async () => {
  const env = { PATH: process.env['PATH'] };
  const command = `sh -c 'exec 0<&-; echo closed; exec sleep 60'`;
  const stream = startProxy(command, { env, cwd: '/', note: () => undefined });
  await once(stream, 'data');
  stream.write('x');
  const [failure] = await new Promise<unknown[]>((resolve) => {
    stream.once('error', (...thrown) => resolve(thrown));
  });
  expect(failure).toMatchObject({ code: 'PROXY_FAILED' });
});

test('a proxy in a directory that was removed says so', async () => {
  expect(String(await endOf('cat', '/no/such'))).toMatch(
    /the working directory \/no\/such does not exist any more$/,
  );
});

test('a proxy carries bytes both ways, and counts them', async () => {
  const env = { PATH: process.env['PATH'] };
  const stream = startProxy('cat', { env, cwd: '/', note: () => undefined });
  stream.write('hello');
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  stream.destroy();
  expect(chunk.toString()).toBe('hello');
  expect([stream.bytesRead, stream.bytesWritten]).toEqual([5, 5]);
});

test('a proxy that ends well after it has said something ends the stream', async () => {
  expect(await endOf('head -1')).toBe('end');
});

test('a proxy has spoken when it brings something, and when it ends without', async () => {
  const env = { PATH: process.env['PATH'] };
  const context = { env, cwd: '/', note: () => undefined };
  const stream = startProxy(`sh -c 'read line; echo "$line"; exec cat'`, context);
  let hasSpoken = false;
  void stream.spoke.then(() => (hasSpoken = true));
  stream.resume();
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasSpoken).toBe(false);
  stream.write('hello\n');
  await stream.spoke;
  stream.destroy();
  const silent = startProxy('cat', context);
  silent.destroy();
  await silent.spoke;
});

test.each(['one\n\n  two\n', 'one\r\ntwo', 'no end', 'ä', '10%\r\u001b[1m20%'])(
  'what a proxy says is shown as it is: %j',
  async (words) => {
    const said: string[] = [];
    const context = {
      ...{ env: { PATH: process.env['PATH'], WORDS: words }, cwd: '/' },
      note: (text: string) => said.push(text),
    };
    const stream = startProxy(`sh -c 'printf %s "$WORDS" >&2; exec cat'`, context);
    await until(() => said.join('').length >= words.length, 'it is shown');
    stream.destroy();
    expect(said.join('')).toBe(words);
  },
);
