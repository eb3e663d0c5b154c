import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SshOptions } from '../../../../src/config/ssh-config/options.ts';
import { OpensshOutput } from '../../../../src/ssh/openssh/output.ts';
import type { Note } from '../../../../src/ssh/link/prompts.ts';

let notes: string[];
let logins: number;
let servers: number;

function output(level = 'INFO', note: Note = (text) => notes.push(text)): OpensshOutput {
  const options = {
    host: 'web',
    hostname: 'web.example',
    port: 2222,
    user: 'me',
    all: new Map([['loglevel', [level]]]),
  };
  // It uses no other option.
  return new OpensshOutput({ warnings: [], ...options } as unknown as SshOptions, {
    note,
    onServer: () => (servers += 1),
    onLogin: () => (logins += 1),
  });
}

beforeEach(() => {
  [notes, logins, servers] = [[], 0, 0];
});

describe('the output of an ssh', () => {
  it("is shown to the user, without the lines that only sshpool's own log level causes", () => {
    const said = output();
    said.add('OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19 27 Jan 2026\r\n');
    said.add('debug1: Connecting to web.example\r\nWelc');
    said.add('ome!\r\nAuthenticated to web.example ([1.2.3.4]:22) using "publickey".\r\n');
    said.end();
    // With its carriage return, as ssh prints it.
    expect(notes).toEqual(['Welcome!\r']);
  });

  it('is classified: log lines of ssh, output of a program before the login, banners in the login', () => {
    const kinds: Parameters<Note>[] = [];
    const said = output('INFO', (...note) => kinds.push(note));
    said.add('Warning: of ssh\r\n\nof a proxy\n\n');
    said.add('debug1: SSH2_MSG_SERVICE_ACCEPT received\r\n');
    said.add('debug1: of a server\nsays debug1: too\n');
    said.add('no end of the bannerdebug1: Authentications that can continue: publickey\r\n');
    said.end();
    expect(kinds).toEqual([
      ['Warning: of ssh\r'],
      ['\n', 'words'],
      ['of a proxy\n\n', 'words'],
      ['debug1: of a server\n', 'banner'],
      ['says debug1: too\n', 'banner'],
      ['no end of the banner', 'banner'],
    ]);
  });

  it('reports the first message of the server, or at once if the log level hides it', () => {
    const said = output();
    said.add('debug1: Executing proxy command: exec wake\n');
    expect(servers).toBe(0);
    said.add('debug1: Remote protocol version 2.0, remote software version Device\n');
    expect(servers).toBe(1);
    output('QUIET');
    expect(servers).toBe(2);
  });

  it('names the server version and a forced command', () => {
    const said = output();
    said.add('debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 Debian\n');
    expect(said.forcedCommand).toBe(false);
    said.add('debug1: Remote: /home/me/.ssh/authorized_keys:1: key options: command pty\n');
    expect(said).toMatchObject({ serverVersion: 'OpenSSH_9.2p1', forcedCommand: true });
  });

  it('reports the start of the login', () => {
    const said = output();
    expect(logins).toBe(0);
    said.add('debug1: SSH2_MSG_SERVICE_ACCEPT received\n');
    expect(logins).toBe(1);
  });

  it.each(['QUIET', 'ERROR', 'DEBUG1'])('is not changed at the level %s', (level) => {
    output(level);
    expect(OpensshOutput.words({ all: new Map([['loglevel', [level]]]) } as never)).toEqual([]);
    expect(logins).toBe(1);
  });
});

describe('the reason why an ssh failed', () => {
  it.each([
    ['ssh: connect to host web.example port 2222: Connection refused', 'CONNECT_FAILED'],
    ['me@web.example: Permission denied (publickey,password).', 'AUTH_FAILED'],
    ['Host key verification failed.', 'HOST_KEY_REFUSED'],
    ['ssh: Could not resolve hostname web.example: Name or service not known', 'OPENSSH_FAILED'],
    ['Unable to negotiate with 1.2.3.4 port 22: no matching cipher found.', 'OPENSSH_FAILED'],
  ])('is its last line: %s', (line, code) => {
    const said = output();
    said.add(`first\n${line}\n`);
    expect(said.failure(undefined)).toMatchObject({ code, exitCode: 255 });
    expect(notes).toEqual(['first\n']);
  });

  it("is the message of the jump host's ssh if the last line only says that the connection is closed", () => {
    const said = output();
    said.add('Host key verification failed.\r\n');
    said.add('kex_exchange_identification: Connection closed by remote host\r\n');
    said.add('Connection closed by UNKNOWN port 65535\r\n');
    expect(said.failure(undefined).code).toBe('HOST_KEY_REFUSED');
  });

  it('is its last line also without a line end', () => {
    const said = output();
    said.add('cut off');
    expect(said.failure(undefined).message).toBe('web: cut off');
  });

  it('may be that ssh could not be started', () => {
    const cause = Object.assign(new Error('spawn ssh ENOENT'), { spawnargs: ['SetEnv=X=sesame'] });
    const failure = output().failure(cause);
    expect(failure.message).toContain('ENOENT');
    expect(inspect(failure)).not.toContain('sesame');
  });

  it('may be missing', () => {
    expect(output().failure(undefined).message).toBe('web: ssh ended without a word');
  });
});
