import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHostResources, parseResources } from '../../../src/hosts/resources.ts';
import { MARKER, RESOURCES_COMMAND } from '../../../src/hosts/resources-command.ts';

/** The output of the command from its parts. */
const output = (parts: Readonly<Record<string, string>>): string =>
  Object.entries({ ...parts, end: '' })
    .map(([name, text]) => `${MARKER}${name}\n${text}${text && '\n'}`)
    .join('');

const LINUX = {
  system: 'Linux',
  hostname: 'web1',
  'cpu-before': 'cpu  100 0 100 800 0 0 0 0 0 0',
  uptime: '93784.25 180000.00',
  now: '1700000000',
  load: '0.10 1.25 2.50 1/200 4000',
  cores: '4',
  memory: [
    'MemTotal:       8000000 kB',
    'MemFree:        1000000 kB',
    'MemAvailable:   6000000 kB',
    'Buffers:         100000 kB',
    'Cached:         2000000 kB',
  ].join('\n'),
  disks: [
    'Filesystem     1024-blocks      Used Available Capacity Mounted on',
    'udev               4000000         0   4000000       0% /dev',
    'tmpfs               800000      1000    799000       1% /run',
    '/dev/sda1        100000000  40000000  55000000      43% /',
    '/dev/loop3           60000     60000         0     100% /snap/core/1',
    'overlay          100000000  40000000  55000000      43% /var/lib/docker/overlay2/x/merged',
    '//nas/my share    50000000  10000000  40000000      20% /mnt/my share',
  ].join('\n'),
  'cpu-after': 'cpu  130 0 120 850 0 0 0 0 0 0',
};

const MAC = {
  system: 'Darwin',
  hostname: 'mac.local',
  'cpu-before': '',
  uptime: '{ sec = 1699990000, usec = 5 } Tue Nov 14 19:26:40 2023',
  now: '1700000000',
  load: '{ 1.50 2.00 2.25 }',
  cores: '10',
  memory: [
    '17179869184',
    'Mach Virtual Memory Statistics: (page size of 16384 bytes)',
    'Pages free:                               100000.',
    'Pages active:                             300000.',
    'Pages inactive:                           200000.',
    'Pages speculative:                         10000.',
  ].join('\n'),
  disks: [
    'Filesystem     1024-blocks      Used Available Capacity  Mounted on',
    '/dev/disk3s1s1   482797652  10000000 200000000     5%    /',
    'devfs                  205       205         0   100%    /dev',
    'map auto_home            0         0         0   100%    /System/Volumes/Data/home',
  ].join('\n'),
  'cpu-after': '',
};

describe('the resources of a host', () => {
  it('are read from Linux', () => {
    expect(parseResources(output(LINUX))).toEqual({
      hostname: 'web1',
      system: 'Linux',
      uptimeSeconds: 93_784,
      loadAverage: [0.1, 1.25, 2.5],
      cpu: { cores: 4, usedPercent: 50 },
      memory: {
        totalBytes: 8_000_000 * 1024,
        usedBytes: 2_000_000 * 1024,
        availableBytes: 6_000_000 * 1024,
      },
      disks: [
        {
          filesystem: '/dev/sda1',
          mountPoint: '/',
          totalBytes: 100_000_000 * 1024,
          usedBytes: 40_000_000 * 1024,
          availableBytes: 55_000_000 * 1024,
        },
        {
          filesystem: '//nas/my share',
          mountPoint: '/mnt/my share',
          totalBytes: 50_000_000 * 1024,
          usedBytes: 10_000_000 * 1024,
          availableBytes: 40_000_000 * 1024,
        },
      ],
    });
  });

  it('are read from macOS', () => {
    expect(parseResources(output(MAC))).toMatchObject({
      hostname: 'mac.local',
      uptimeSeconds: 10_000,
      loadAverage: [1.5, 2, 2.25],
      cpu: { cores: 10, usedPercent: null },
      memory: { totalBytes: 17_179_869_184, availableBytes: 310_000 * 16_384 },
      disks: [{ mountPoint: '/', filesystem: '/dev/disk3s1s1' }],
    });
  });

  it('are null if a host does not report them', () => {
    expect(parseResources(output({}))).toEqual({
      hostname: null,
      system: null,
      uptimeSeconds: null,
      loadAverage: null,
      cpu: { cores: null, usedPercent: null },
      memory: null,
      disks: [],
    });
  });

  it('are read from old kernels, which do not report available memory', () => {
    const memory = LINUX.memory.replace(/MemAvailable.*\n/, '');
    const { memory: read } = parseResources(output({ ...LINUX, memory }));
    expect(read?.availableBytes).toBe(3_100_000 * 1024);
  });

  it('include the root of a container as a disk', () => {
    const disks = 'overlay 1000 400 600 40% /';
    expect(parseResources(output({ ...LINUX, disks })).disks).toMatchObject([{ mountPoint: '/' }]);
  });

  it('are found after text that a login prints', () => {
    expect(parseResources(`Welcome!\n${output(LINUX)}`).hostname).toBe('web1');
  });

  it.each(['', 'sh: not found\n', output(LINUX).slice(0, -10)])('of %j are an error', (text) => {
    expect(() => parseResources(text)).toThrow('not all of the answer has come');
  });

  it('are independent: the content of one part changes no other part', () => {
    const line = fc.stringMatching(/^[ -~]{0,40}$/);
    const parts = fc.record(Object.fromEntries(Object.keys(LINUX).map((name) => [name, line])));
    fc.assert(
      fc.property(parts, (given) => {
        const read = parseResources(output(given));
        const usedPercent = read.cpu.usedPercent ?? 0;
        expect(usedPercent).toBeGreaterThanOrEqual(0);
        expect(usedPercent).toBeLessThanOrEqual(100);
        expect(read.memory?.usedBytes ?? 0).toBeGreaterThanOrEqual(0);
        expect(read.hostname ?? '').toBe(given['hostname']?.trim());
      }),
    );
  });

  it('are read by one command', async () => {
    const asked: string[] = [];
    await readHostResources((command) => {
      asked.push(command);
      return Promise.resolve({ stdout: output(LINUX), stderr: '', exitCode: 0 });
    });
    expect(asked).toEqual([RESOURCES_COMMAND]);
  });
});

const haveBusybox = spawnSync('busybox', ['true']).status === 0;
if (!haveBusybox) process.stdout.write('resources.test: no busybox here, so it is not tried\n');

/** The values that are the same on each run; for the others only their presence counts. */
function facts(text: string): object {
  const { cpu, memory, disks, uptimeSeconds, loadAverage, ...names } = parseResources(text);
  return {
    ...names,
    cores: cpu.cores,
    isComplete:
      cpu.usedPercent !== null &&
      (memory?.totalBytes ?? 0) > 1e8 &&
      disks.some(({ mountPoint }) => mountPoint === '/') &&
      (uptimeSeconds ?? 0) > 0 &&
      loadAverage?.length === 3,
  };
}

describe.skipIf(process.platform !== 'linux')('the command for the resources', () => {
  const expected = {
    hostname: hostname(),
    system: 'Linux',
    cores: availableParallelism(),
    isComplete: true,
  };
  const shells = ['sh', 'fish', 'zsh', 'csh'].filter(
    (shell) => spawnSync(shell, ['-c', 'true']).status === 0,
  );

  it.each(shells)('works through %s, with the tools of this machine', (shell) => {
    const text = execFileSync(shell, ['-c', RESOURCES_COMMAND], { encoding: 'utf8' });
    expect(facts(text)).toEqual(expected);
  });

  it.each(shells)('reports all but the disks through %s if df does not answer', (shell) => {
    const bin = mkdtempSync(join(tmpdir(), 'stale-'));
    try {
      writeFileSync(join(bin, 'df'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
      const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
      const text = execFileSync(shell, ['-c', RESOURCES_COMMAND], {
        ...{ env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
        // For the run that fails.
        timeout: 60_000,
      });
      const { disks, cpu, memory, ...found } = parseResources(text);
      expect([disks, found.hostname, cpu.cores]).toEqual([[], hostname(), expected.cores]);
      expect([cpu.usedPercent, memory, found.loadAverage]).not.toContain(null);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });

  it.skipIf(!haveBusybox)('works with busybox', () => {
    const bin = mkdtempSync(join(tmpdir(), 'busybox-'));
    try {
      execFileSync('busybox', ['--install', '-s', bin]);
      const options = { env: { PATH: bin }, encoding: 'utf8' } as const;
      const text = execFileSync(join(bin, 'sh'), ['-c', RESOURCES_COMMAND], options);
      expect(facts(text)).toEqual(expected);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
});
