import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  runComposeAction,
  readComposeStatus,
  readComposeProjects,
  type ComposeAction,
} from '../../../src/hosts/compose.ts';
import { SshpoolError } from '../../../src/base/errors.ts';
import { quote, type RunRemote } from '../../../src/hosts/remote.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/compose/${name}`, import.meta.url), 'utf8');

/** A host that prints these outputs in turn, and the commands that it received. */
function host(...outputs: string[]): { run: RunRemote; asked: string[] } {
  const asked: string[] = [];
  const run: RunRemote = (command) => {
    asked.push(command);
    const stdout = outputs[asked.length - 1] ?? outputs.at(-1) ?? '';
    return Promise.resolve({ stdout, stderr: 'WARN[0000] something\n', exitCode: 0 });
  };
  return { run, asked };
}

const failing: RunRemote = () =>
  Promise.resolve({ stdout: '', stderr: 'no such service: x\n', exitCode: 14 });
const statusOf = (output: string): ReturnType<typeof readComposeStatus> =>
  readComposeStatus(host(output).run, 'shop');
const projectsOf = (output: string): ReturnType<typeof readComposeProjects> =>
  readComposeProjects(host(output).run);

describe('the services of a project', () => {
  it('are requested including stopped ones', async () => {
    const { run, asked } = host('[]');
    await readComposeStatus(run, 'shop');
    expect(asked).toEqual(['docker compose -p shop ps --all --format json']);
  });

  it('are read from an array without images (before 2.16)', async () => {
    expect(await statusOf(fixture('ps-docs-array.txt'))).toEqual({
      name: 'shop',
      status: 'partial',
      services: [
        {
          service: 'bar',
          container: 'demo-bar-1',
          state: 'exited',
          health: null,
          exitCode: 0,
          image: null,
          ports: [],
        },
        {
          service: 'foo',
          container: 'demo-foo-1',
          state: 'running',
          health: null,
          exitCode: 0,
          image: null,
          ports: [{ url: '0.0.0.0', targetPort: 80, publishedPort: 8080, protocol: 'tcp' }],
        },
      ],
    });
  });

  it('are read from an array on many lines, with ports that are not published', async () => {
    const { status, services } = await statusOf(fixture('ps-2022-11-pretty.txt'));
    expect(status).toBe('running');
    expect(services[0]?.ports).toEqual([
      { url: '', targetPort: 3306, publishedPort: null, protocol: 'tcp' },
    ]);
    expect(services[1]?.ports.map(({ url }) => url)).toEqual(['0.0.0.0', '::']);
  });

  it('are read from an array with images (2.16)', async () => {
    const { services } = await statusOf(fixture('ps-2.16.txt'));
    expect(services.map(({ image }) => image)).toEqual(['alpine:3.20', 'alpine:3.20']);
  });

  it('are read one per line, without containers of `run` (2.24.5)', async () => {
    const { status, services } = await statusOf(fixture('ps-2.24-lines.txt'));
    expect(status).toBe('running');
    expect(services.map(({ service }) => service)).toEqual(['abc']);
  });

  it('are read one per line from every later version (2.26, 2.40, 5.0)', async () => {
    const names = ['ps-2.26-lines.txt', 'ps-2.40-lines.txt', 'ps-5.0-starting.txt'];
    const all = await Promise.all(names.map((name) => statusOf(fixture(name))));
    expect(all.map(({ services }) => services.map(({ service }) => service))).toEqual([
      ['db'],
      ['db', 'was', 'web'],
      ['web'],
    ]);
    expect(all.map(({ status }) => status)).toEqual(['running', 'running', 'running']);
    expect(all[2]?.services[0]).toMatchObject({ health: 'starting', exitCode: 0 });
  });

  it('have their health, and their exit status', async () => {
    const { status, services } = await statusOf(fixture('ps-mixed-built.txt'));
    expect(status).toBe('partial');
    expect(services).toMatchObject([
      { state: 'running', health: 'unhealthy', exitCode: 0 },
      { state: 'exited', health: null, exitCode: 137, ports: [] },
    ]);
  });

  it('are stopped if none runs (2.31)', async () => {
    const { status, services } = await statusOf(fixture('ps-2.31-exited.txt'));
    expect(status).toBe('stopped');
    expect(services[0]).toMatchObject({ state: 'exited', exitCode: 143, ports: [] });
  });

  it.each([
    [['paused'], 'partial'],
    [['restarting', 'exited'], 'partial'],
    [['created', 'dead', 'removing'], 'stopped'],
    [['running', 'of a new kind'], 'unknown'],
  ])('in the states %j are %s', async (states, expected) => {
    const lines = states.map((state) => JSON.stringify({ Name: 'a', Service: 'a', State: state }));
    expect((await statusOf(lines.join('\n'))).status).toBe(expected);
  });

  it.each(['array', 'null', 'lines'].map((kind) => fixture(`empty-${kind}-built.txt`)))(
    'are none for %j',
    async (output) => {
      expect(await statusOf(output)).toEqual({ name: 'shop', status: 'unknown', services: [] });
    },
  );

  it.each([
    ['Cannot connect\nto the daemon', 'no JSON, or cut short: "Cannot connect"'],
    [fixture('ps-docs-array.txt').slice(0, 100), 'no JSON, or cut short: "[{\\"ID\\":'],
    ['{"Name":"a","Service":"a","State":"running"}\n{"Name":', 'cut short: "{\\"Name\\":"'],
    ['7', 'no array and no object: "7"'],
    ['[7]', 'no object: "7"'],
    ['[{"Name":"a","State":"running"}]', 'unexpected Service'],
    ['[{"Name":"a","Service":"a","State":1}]', 'unexpected State'],
    ['\u001b[31mred', String.raw`"\u001b[31mred"`],
  ])('of %j are an error that shows the output', async (output, problem) => {
    const status = statusOf(output);
    await expect(status).rejects.toMatchObject({ code: 'BAD_OUTPUT' });
    await expect(status).rejects.toThrow(problem);
  });

  it('that were cut short anywhere are an error, or are fewer', async () => {
    const whole = fixture('ps-2.24-lines.txt').trim();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length - 1 }), async (at) => {
        const cut = whole.slice(0, at);
        const isWhole = cut.endsWith('}') && whole[at] === '\n';
        const isBetween = cut.endsWith('\n');
        const outcome = await statusOf(cut).then(
          ({ services }) => (services.length > 0 ? 'fewer' : 'none'),
          (thrown: unknown) => SshpoolError.from(thrown).code,
        );
        expect(outcome).toBe(isWhole || isBetween ? 'fewer' : 'BAD_OUTPUT');
      }),
    );
  });
});

describe('the projects of a host', () => {
  it('are requested including stopped ones', async () => {
    const { run, asked } = host('[]');
    expect(await readComposeProjects(run)).toEqual([]);
    expect(asked).toEqual(['docker compose ls --all --format json']);
  });

  it('are read without counts and files (2020)', async () => {
    expect((await projectsOf(fixture('ls-cli-1.0.txt')))[0]).toEqual({
      name: 'demo1602770221964365386',
      status: 'running',
      containers: { running: 1 },
      configFiles: [],
    });
  });

  it('are read without files (2.0)', async () => {
    expect(await projectsOf(fixture('ls-2.0-built.txt'))).toMatchObject([
      { name: 'demo', status: 'running', containers: { running: 2 }, configFiles: [] },
    ]);
  });

  it('are stopped if none of their containers runs', async () => {
    expect(await projectsOf(fixture('ls-docs-exited.txt'))).toMatchObject([
      { status: 'stopped', containers: { exited: 1 } },
    ]);
  });

  it('may be partly running, and have several files (2026)', async () => {
    expect((await projectsOf(fixture('ls-2026-mixed.txt')))[0]).toEqual({
      name: 'demo',
      status: 'partial',
      containers: { running: 6, exited: 1 },
      configFiles: ['/srv/demo/docker-compose.yml', '/srv/demo/docker-compose.worktree.yml'],
    });
  });

  it('may have files that docker does not report', async () => {
    expect((await projectsOf(fixture('ls-na-built.txt')))[0]).toMatchObject({
      name: 'bare',
      status: 'partial',
      configFiles: [],
    });
  });

  it.each([
    ['', 'nothing was printed'],
    ['[{"Status":"running(1)"}]', 'unexpected Name'],
  ])('of %j are an error', async (output, problem) => {
    await expect(projectsOf(output)).rejects.toThrow(problem);
  });

  it('with a status of an unknown kind have the state unknown', async () => {
    expect(await projectsOf('[{"Name":"a","Status":"(?)"}]')).toMatchObject([
      { status: 'unknown', containers: {} },
    ]);
  });
});

describe('a command of compose', () => {
  const listed = fixture('ls-2026-mixed.txt');

  it.each<[ComposeAction, string[], string[]]>([
    ['restart', ['web'], ['docker compose -p demo restart web']],
    ['down', ['--volumes'], ['docker compose -p demo down --volumes']],
    [
      'logs',
      ['--tail', '5', "it's; rm -rf /"],
      [String.raw`docker compose -p demo logs --tail 5 'it'\''s; rm -rf /'`],
    ],
    [
      'up',
      ['web'],
      [
        'docker compose ls --all --format json',
        'docker compose -p demo -f /srv/demo/docker-compose.yml -f /srv/demo/docker-compose.worktree.yml up --detach web',
      ],
    ],
  ])('%s %j sends %j', async (action, args, commands) => {
    const { run, asked } = host(listed, 'done');
    await runComposeAction(run, 'demo', action, args);
    expect(asked).toEqual(commands);
  });

  it('that needs the files of a project that docker does not report leaves the error to docker', async () => {
    const { run, asked } = host(listed, '');
    await runComposeAction(run, 'third', 'pull');
    expect(asked[1]).toBe('docker compose -p third pull');
  });

  it('that fails reports the reason', async () => {
    await expect(runComposeAction(failing, 'shop', 'stop', ['x'])).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'Command failed with code 14: no such service: x',
      exitCode: 14,
    });
  });

  it.each(['', 'Shop', '-shop', 'a b', 'a;b', '$(a)', "a'b", 'a\nb', '../a', 7])(
    'is not sent for the project %j',
    async (project) => {
      const { run, asked } = host('[]');
      const status = readComposeStatus(run, project as string);
      await expect(status).rejects.toMatchObject({ code: 'BAD_INPUT', exitCode: 2 });
      await expect(status).rejects.toThrow('is not the name of a project');
      expect(asked).toEqual([]);
    },
  );

  it('is not sent for an unknown action, nor with a NUL', async () => {
    const { run, asked } = host('[]');
    const action = runComposeAction(run, 'shop', 'prune;ls' as ComposeAction);
    await expect(action).rejects.toThrow('action: there is no "prune;ls"');
    const words = runComposeAction(run, 'shop', 'stop', 'web' as unknown as string[]);
    await expect(words).rejects.toThrow('extraArgs: must be a list of words');
    const nul = runComposeAction(run, 'shop', 'stop', ['a', 'b\0c']);
    await expect(nul).rejects.toThrow('extraArgs[1]: it holds a NUL');
    expect(asked).toEqual([]);
  });
});

it('quotes words that zsh would expand to a path', () => {
  expect([quote('=ls', 'word'), quote('a=b', 'word')]).toEqual(["'=ls'", 'a=b']);
});

it('quotes any word for a shell', () => {
  const words = fc.array(
    fc.string({ unit: 'binary' }).filter((word) => !word.includes('\0')),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(words, (given) => {
      const line = given.map((word) => quote(word, 'word')).join(' ');
      const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${line}`]);
      const expected = given.length === 0 ? '\0' : given.map((word) => `${word}\0`).join('');
      expect(printed).toEqual(Buffer.from(expected));
    }),
    { numRuns: 50 },
  );
});
