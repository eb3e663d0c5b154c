import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { launchdFile, systemdFiles, type ServiceFacts } from '../../../src/cli/setup/service.ts';
import { createSandbox } from '../../support/sandbox.ts';

const FACTS: ServiceFacts = {
  manager: 'systemd',
  directory: '/home/u/.config/systemd/user',
  paths: { socket: '/run/user/1/50%/agent.sock', service: '/run/user/1/50%/service.sock' },
  env: { PATH: '/a "b"\\c:/50%', SSH_POOL_LOG: 'debug' },
  uid: 1,
};

const SYSTEMD_ANALYZE = '/usr/bin/systemd-analyze';

describe('the units of systemd', () => {
  it('have % doubled, and quotes and backslashes with a backslash', () => {
    const [socket, service] = systemdFiles(FACTS, '/opt/$a "b"/sshpool').files;
    expect(socket?.content).toContain('\nListenStream=/run/user/1/50%%/service.sock\n');
    expect(service?.content).toContain(
      '\nExecStart=/usr/bin/env "/opt/$$a \\"b\\"/sshpool" "agent" "run"\n',
    );
    expect(service?.content).toContain('\nEnvironment="PATH=/a \\"b\\"\\\\c:/50%%"\n');
  });

  it('have one line for each variable, whatever is in it', () => {
    assert(
      property(string({ unit: 'binary' }), (value) => {
        const { files } = systemdFiles({ ...FACTS, env: { NAME: value } }, '/sshpool');
        const lines = files[1]?.content.split('\n') ?? [];
        expect(lines.filter((line) => line.startsWith('Environment='))).toHaveLength(1);
        expect(lines).toHaveLength(12);
      }),
    );
  });

  it.skipIf(!existsSync(SYSTEMD_ANALYZE))('are clean for systemd-analyze', async () => {
    await using sandbox = createSandbox();
    const facts = { ...FACTS, directory: sandbox.root };
    const { files } = systemdFiles(facts, '/bin/true');
    for (const { path, content } of files) writeFileSync(path, content);
    const words = ['--user', 'verify', '--man=no', ...files.map(({ path }) => path)];
    const env = { ...sandbox.env, XDG_RUNTIME_DIR: sandbox.run };
    const said = execFileSync(SYSTEMD_ANALYZE, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    expect(said.toString()).toBe('');
  });
});

describe('the file of launchd', () => {
  it('has the signs of XML replaced', () => {
    const { content } = launchdFile({ ...FACTS, env: { PATH: '/a&b<c>' } }, '/opt/a&b/sshpool');
    expect(content).toContain('<string>/opt/a&amp;b/sshpool</string>');
    expect(content).toContain('<key>PATH</key><string>/a&amp;b&lt;c&gt;</string>');
  });
});
