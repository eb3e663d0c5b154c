import { describe, expect, it } from 'vitest';
import { farewell, sshFailure } from '../../../src/agent/ssh-words.ts';
import { SshpoolError } from '../../../src/base/errors.ts';
import { HopError } from '../../../src/ssh/link/hop-error.ts';

const options = { connectTimeoutMs: 1000, showsServerWords: true, isSilent: false };
const facts = (connectTimeoutMs: number | undefined) => ({
  options: { ...options, connectTimeoutMs },
  version: () => Promise.resolve('OpenSSH_9.2p1 Debian-2'),
});

const left = {
  ...{ host: 'h', port: 1, peer: 'h port 1', said: '' },
  how: 'closed',
  isSsh: false,
} as const;

/** The error as a target gets it if it happened at its jump host. */
function atHop(error: SshpoolError, of = options): SshpoolError {
  return new HopError(error, of);
}

describe('the messages of ssh', () => {
  it.each([
    [
      SshpoolError.of('CONNECT_FAILED', { host: 'h', port: 1, reason: 'Connection refused' }),
      'ssh: connect to host h port 1: Connection refused\r',
    ],
    [
      SshpoolError.of('CONNECT_TIMEOUT', { host: 'h', port: 1, timeoutMs: 9 }),
      'ssh: connect to host h port 1: Connection timed out\r',
    ],
    [
      SshpoolError.of('HOST_UNKNOWN', { host: 'h', reason: 'Name or service not known' }),
      'ssh: Could not resolve hostname h: Name or service not known\r',
    ],
    [
      SshpoolError.of('AUTH_FAILED', { user: 'u', host: 'h', methods: 'publickey', detail: 'x' }),
      'u@h: Permission denied (publickey).\r',
    ],
  ])('are known for %s', async (error, said) => {
    expect(await sshFailure(error, facts(1000))).toEqual({ others: '', log: said });
  });

  it.each([
    SshpoolError.of('SSH_CONFIG', { problem: 'x' }),
    SshpoolError.of('HOST_KEY_REFUSED', { host: 'h' }),
    SshpoolError.of('POOL_EXHAUSTED', { name: 'h', port: 1, max: 1 }),
  ])('are left to ssh for %s', async (error) => {
    expect(await sshFailure(error, facts(1000))).toBeUndefined();
  });

  it('are left to ssh for the default timeout, which the user did not set', async () => {
    const error = SshpoolError.of('CONNECT_TIMEOUT', { host: 'h', port: 1, timeoutMs: 9 });
    expect(await sshFailure(error, facts(undefined))).toBeUndefined();
  });

  it.each([
    [
      'OpenSSH_9.2p1 Debian-2',
      'kex_exchange_identification: Connection closed by remote host\r\n' +
        'Connection closed by h port 1\r',
    ],
    ['OpenSSH_10.6p1', 'Connection closed by h port 1\r'],
  ])('are those of %s', async (version, said) => {
    const error = SshpoolError.of('SERVER_LEFT', left);
    const asked = { ...facts(1000), version: () => Promise.resolve(version) };
    expect(await sshFailure(error, asked)).toEqual({ others: '', log: said });
  });

  it('of the level INFO are hidden by LogLevel ERROR', async () => {
    const logged = ['error', { info: 'info' }];
    const error = SshpoolError.of('HOST_KEY_REFUSED', { host: 'h', logged });
    const asked = { ...facts(1000), options: { ...options, showsServerWords: false } };
    expect(await sshFailure(error, asked)).toEqual({ others: '', log: 'error\r' });
  });

  describe('at a jump host', () => {
    const denied = { user: 'u', host: 'hop', methods: 'publickey', detail: '' };
    const failure = SshpoolError.of('AUTH_FAILED', denied);
    it("are those of the jump host's ssh, then those of the closed connection", async () => {
      expect(await sshFailure(atHop(failure), facts(1000))).toEqual({
        others: 'u@hop: Permission denied (publickey).\r\n',
        log:
          'kex_exchange_identification: Connection closed by remote host\r\n' +
          'Connection closed by UNKNOWN port 65535\r',
      });
    });

    it('are hidden only by the LogLevel of the jump host itself', async () => {
      const silent = { ...options, showsServerWords: false, isSilent: true };
      const said = await sshFailure(atHop(failure, silent), facts(1000));
      expect(said?.others).toBe('');
      expect(said?.log).toContain('UNKNOWN port');
    });

    it('are left to ssh if sshpool does not know the message', async () => {
      const error = atHop(SshpoolError.of('SSH_CONFIG', { problem: 'x' }));
      expect(await sshFailure(error, facts(1000))).toBeUndefined();
    });
  });

  it('at the end of a call name the host if there was a terminal or the connection was lost', () => {
    expect(farewell('h', { terminal: false, lost: false })).toBe('');
    expect(farewell('h', { terminal: true, lost: false })).toBe('Connection to h closed.\r');
    expect(farewell('h', { terminal: true, lost: true })).toBe(
      'Connection to h closed by remote host.\r\nConnection to h closed.\r',
    );
  });
});
