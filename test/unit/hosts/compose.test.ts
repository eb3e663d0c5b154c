import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  composeExec,
  getComposeStatus,
  listComposeProjects,
  type ComposeAction,
} from '../../../src/hosts/compose.ts';
import { SshpoolError } from '../../../src/base/errors.ts';
import { quote, type RunRemote } from '../../../src/hosts/remote.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/compose/${name}`, import.meta.url), 'utf8');

/** A host that prints this, whatever it is asked, and what it was asked. */
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
const statusOf = (output: string): ReturnType<typeof getComposeStatus> =>
  getComposeStatus(host(output).run, 'shop');
const projectsOf = (output: string): ReturnType<typeof listComposeProjects> =>
  listComposeProjects(host(output).run);

describe('the services of a project', () => {
  it('are asked for with those that are stopped', async () => {
    const { run, asked } = host('[]');
    await getComposeStatus(run, 'shop');
    expect(asked).toEqual(['docker compose -p shop ps --all --format json']);
  });

  it('are read from an array without images (2.0)', async () => {
    expect(await statusOf(fixture('ps-2.0.json'))).toEqual({
      name: 'shop',
      status: 'partial',
      services: [
        {
          service: 'bar',
          container: 'example-bar-1',
          state: 'exited',
          health: null,
          exitCode: 0,
          image: null,
          ports: [],
        },
        {
          service: 'foo',
          container: 'example-foo-1',
          state: 'running',
          health: null,
          exitCode: 0,
          image: null,
          ports: [{ url: '0.0.0.0', targetPort: 80, publishedPort: 8080, protocol: 'tcp' }],
        },
      ],
    });
  });

  it('are read from an array on many lines, with ports that are not published (2.12)', async () => {
    const { status, services } = await statusOf(fixture('ps-2.12.json'));
    expect(status).toBe('running');
    expect(services[0]?.ports).toEqual([
      { url: '', targetPort: 3306, publishedPort: null, protocol: 'tcp' },
    ]);
    expect(services[1]?.ports.map(({ url }) => url)).toEqual(['0.0.0.0', '::']);
  });

  it('are read from an array with images (2.16)', async () => {
    const { services } = await statusOf(fixture('ps-2.16.json'));
    expect(services.map(({ image }) => image)).toEqual(['alpine:3.20', 'alpine:3.20']);
  });

  it('are read one a line; what `run` started is no part of them (2.24.5)', async () => {
    const { status, services } = await statusOf(fixture('ps-2.24.5.jsonl'));
    expect(status).toBe('running');
    expect(services.map(({ service }) => service)).toEqual(['abc', 'def']);
  });

  it('have their health (2.26.1)', async () => {
    const { services } = await statusOf(fixture('ps-2.26.1.jsonl'));
    expect(services.map(({ health }) => health)).toEqual([null, 'healthy']);
  });

  it('have the status with which they ended (2.31)', async () => {
    const { status, services } = await statusOf(fixture('ps-2.31.jsonl'));
    expect(status).toBe('partial');
    expect(services[0]).toMatchObject({ state: 'exited', exitCode: 143, ports: [] });
  });

  it.each([fixture('ps-empty-2.20.json'), '', '\n', 'null'])('are none for %j', async (output) => {
    expect(await statusOf(output)).toEqual({ name: 'shop', status: 'unknown', services: [] });
  });

  it('are stopped where none runs', async () => {
    const [line = ''] = fixture('ps-2.31.jsonl').split('\n');
    expect(await statusOf(line)).toMatchObject({ status: 'stopped' });
  });

  it.each([
    ['Cannot connect\nto the daemon', 'no JSON, or cut short: "Cannot connect"'],
    [fixture('ps-2.0.json').slice(0, 100), 'no JSON, or cut short: "[{\\"ID\\":'],
    ['{"Name":"a","Service":"a","State":"running"}\n{"Name":', 'cut short: "{\\"Name\\":"'],
    ['7', 'no array and no object: "7"'],
    ['[7]', 'no object: "7"'],
    ['[{"Name":"a","State":"running"}]', 'its Service is not as it should be'],
    ['[{"Name":"a","Service":"a","State":1}]', 'its State is not as it should be'],
    ['\u001b[31mred', String.raw`"\u001b[31mred"`],
  ])('of %j are an error that shows it', async (output, problem) => {
    const status = statusOf(output);
    await expect(status).rejects.toMatchObject({ code: 'BAD_OUTPUT' });
    await expect(status).rejects.toThrow(problem);
  });

  it('that were cut short anywhere are an error, or are fewer', async () => {
    const whole = fixture('ps-2.24.5.jsonl').trim();
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
  it('are asked for with those that are stopped', async () => {
    const { run, asked } = host('[]');
    expect(await listComposeProjects(run)).toEqual([]);
    expect(asked).toEqual(['docker compose ls --all --format json']);
  });

  it('are read without counts and files (2020)', async () => {
    expect((await projectsOf(fixture('ls-2020.json')))[0]).toEqual({
      name: 'e2eTestCompose1',
      status: 'running',
      containers: { running: 1 },
      configFiles: [],
    });
  });

  it('are read with both (2.29.7)', async () => {
    expect(await projectsOf(fixture('ls-2.29.7.json'))).toMatchObject([
      { name: 'dev', status: 'stopped', containers: { exited: 8 } },
      { status: 'running', configFiles: ['/home/somebody/project/compose.yml'] },
    ]);
  });

  it('may run in part, and have several files', async () => {
    expect(await projectsOf(fixture('ls-mixed.json'))).toMatchObject([
      {
        status: 'partial',
        containers: { running: 2, exited: 1 },
        configFiles: ['/srv/shop/compose.yaml', '/srv/shop/compose.override.yaml'],
      },
      { status: 'stopped', containers: { created: 1 } },
    ]);
  });

  it.each([
    ['', 'nothing was printed'],
    ['[{"Status":"running(1)"}]', 'its Name is not as it should be'],
  ])('of %j are an error', async (output, problem) => {
    await expect(projectsOf(output)).rejects.toThrow(problem);
  });

  it('with a status of a kind that is not known are unknown', async () => {
    expect(await projectsOf('[{"Name":"a","Status":"(?)"}]')).toMatchObject([
      { status: 'unknown', containers: {} },
    ]);
  });
});

describe('a command of compose', () => {
  const listed = fixture('ls-mixed.json');

  it.each<[ComposeAction, string[], string[]]>([
    ['restart', ['web'], ['docker compose -p shop restart web']],
    ['down', ['--volumes'], ['docker compose -p shop down --volumes']],
    [
      'logs',
      ['--tail', '5', "it's; rm -rf /"],
      [String.raw`docker compose -p shop logs --tail 5 'it'\''s; rm -rf /'`],
    ],
    [
      'up',
      ['web'],
      [
        'docker compose ls --all --format json',
        'docker compose -p shop -f /srv/shop/compose.yaml -f /srv/shop/compose.override.yaml up --detach web',
      ],
    ],
  ])('%s %j asks for %j', async (action, args, commands) => {
    const { run, asked } = host(listed, 'done');
    await composeExec(run, 'shop', action, args);
    expect(asked).toEqual(commands);
  });

  it('that needs files of a project which docker does not know lets docker say so', async () => {
    const { run, asked } = host(listed, '');
    await composeExec(run, 'other', 'pull');
    expect(asked[1]).toBe('docker compose -p other pull');
  });

  it('that fails says why', async () => {
    await expect(composeExec(failing, 'shop', 'stop', ['x'])).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'Command failed with code 14: no such service: x',
      exitCode: 14,
    });
  });

  it.each(['', 'Shop', '-shop', 'a b', 'a;b', '$(a)', "a'b", 'a\nb', '../a', 7])(
    'is not sent for the project %j',
    async (project) => {
      const { run, asked } = host('[]');
      const status = getComposeStatus(run, project as string);
      await expect(status).rejects.toMatchObject({ code: 'BAD_INPUT', exitCode: 2 });
      await expect(status).rejects.toThrow('is no name of a project');
      expect(asked).toEqual([]);
    },
  );

  it('is not sent for an action that there is not, nor with a NUL', async () => {
    const { run, asked } = host('[]');
    const action = composeExec(run, 'shop', 'prune;ls' as ComposeAction);
    await expect(action).rejects.toThrow('action: there is no "prune;ls"');
    const nul = composeExec(run, 'shop', 'stop', ['a', 'b\0c']);
    await expect(nul).rejects.toThrow('extraArgs[1]: it holds a NUL');
    expect(asked).toEqual([]);
  });
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
