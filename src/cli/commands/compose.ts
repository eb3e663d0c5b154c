/** `sshpool compose`: docker compose on a host. */
import { colors } from '../colors.ts';
import { EXIT_FAILURE } from '../../base/error-table.ts';
import type { SshpoolError } from '../../base/errors.ts';
import { usageError } from '../../base/usage-errors.ts';
import { printableLine } from '../../base/printable.ts';
import { runProgram } from '../../client/exec/run-program.ts';
import {
  COMPOSE_ACTIONS,
  composeCommand,
  readComposeStatus,
  readComposeProjects,
  type ComposePort,
  type ComposeProject,
  type ComposeState,
  type ComposeStatus,
} from '../../hosts/compose.ts';
import { nearest } from '../../config/command-line/nearest.ts';
import { COMPOSE_OPTIONS } from '../command-table.ts';
import { isReached, parseHostCall, runOn, type HostCall } from '../host-call.ts';
import { ownProgram } from '../../base/launcher.ts';
import { printing, table } from '../ui.ts';

const SYNTAX = 'sshpool compose [options] HOST ls | ps PROJECT | ACTION PROJECT [ARG...]';
const FORM = { command: 'sshpool compose', specs: COMPOSE_OPTIONS, syntax: SYNTAX };
const JSON_OPTION = '--json';

export async function compose(argv: readonly string[]): Promise<number | undefined> {
  // Node has replaced bytes that are not UTF-8, so the word cannot be sent unchanged.
  const broken = argv.find((word) => word.includes('\uFFFD'));
  if (broken !== undefined) throw usageError('NOT_UTF8', { word: broken, syntax: SYNTAX });
  const call = parseHostCall(argv, FORM);
  if (call === undefined) return undefined;
  const { verb, project, args, json } = parse(call);
  if (!(await isReached(call))) return EXIT_FAILURE;
  const run = runOn(call);
  if (verb === 'ls') {
    const projects = await readComposeProjects(run);
    return print(json ? toJson(projects) : renderProjects(projects));
  }
  if (verb === 'ps') {
    const status = await readComposeStatus(run, project);
    return print(json ? toJson(status) : renderStatus(status));
  }
  const command = await composeCommand(run, project, verb, args);
  return runProgram(ownProgram(), ['exec', '-T', ...call.words, command], process.env);
}

interface Wish {
  readonly verb: string;
  readonly project: string;
  readonly args: readonly string[];
  readonly json: boolean;
}

/** Actions of sshpool itself; docker gets only the name of the project. */
const OURS: ReadonlySet<string> = new Set(['ls', 'ps']);

/** Checks everything before anything is sent. @throws SshpoolError USAGE */
function parse({ rest, given }: HostCall): Wish {
  const [verb, ...words] = rest;
  checkVerb(verb);
  const isJson = given.some(({ spec }) => spec.name === JSON_OPTION);
  if (!OURS.has(verb)) {
    // After the action, options are for docker.
    const [project = '', ...args] = words;
    if (isJson) throw notFor(JSON_OPTION, verb);
    checkNamed(project);
    return { verb, project, args, json: false };
  }
  const left = words.filter((word) => word !== JSON_OPTION);
  const [project = '', more] = verb === 'ls' ? ['', ...left] : left;
  if (verb === 'ps') checkNamed(project);
  if (more !== undefined) throw notFor(JSON.stringify(more), verb);
  return { verb, project, args: [], json: isJson || left.length < words.length };
}

function checkVerb(verb: string | undefined): asserts verb is string {
  const all: readonly string[] = [...COMPOSE_ACTIONS, 'ls'];
  if (verb === undefined) {
    const examples = ['ls', ...COMPOSE_ACTIONS.slice(0, 4)];
    throw usageError('NO_ACTION', { examples, syntax: SYNTAX });
  }
  if (all.includes(verb)) return;
  throw usageError('UNKNOWN_ACTION', { action: verb, meant: nearest(verb, all), syntax: SYNTAX });
}

function checkNamed(project: string): void {
  if (project === '') throw usageError('NO_PROJECT', {});
}

function notFor(word: string, action: string): SshpoolError {
  return usageError('NOT_FOR_ACTION', { word, action, syntax: SYNTAX });
}

async function print(text: string): Promise<number> {
  await printing(() => process.stdout.write(text));
  return 0;
}

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const COLORS: Readonly<Record<ComposeState, (text: string) => string>> = {
  running: colors.green,
  partial: colors.yellow,
  stopped: colors.red,
  unknown: colors.dim,
};

export function renderProjects(projects: readonly ComposeProject[]): string {
  const rows = projects.map(({ name, status, containers, configFiles }) => [
    printableLine(name),
    COLORS[status](status),
    Object.entries(containers)
      .map(([state, count]) => `${count} ${state}`)
      .join(', '),
    printableLine(configFiles.join(', ')),
  ]);
  return page(['PROJECT', 'STATUS', 'CONTAINERS', 'FILES'], rows);
}

export function renderStatus({ status, services }: ComposeStatus): string {
  const rows = services.map(({ service, container, state, health, exitCode, ports }) => [
    printableLine(service),
    printableLine(container),
    COLORS[state === 'running' ? 'running' : 'stopped'](printableLine(state)),
    printableLine(health ?? '-'),
    state === 'running' || exitCode === null ? '-' : String(exitCode),
    printableLine(ports.map(portOf).join(', ')),
  ]);
  const head = ['SERVICE', 'CONTAINER', 'STATE', 'HEALTH', 'EXIT', 'PORTS'];
  return `${page(head, rows)}${COLORS[status](status)}\n`;
}

/** Formats a port as docker does. */
function portOf({ url, targetPort, publishedPort, protocol }: ComposePort): string {
  const target = `${targetPort}/${protocol}`;
  if (publishedPort === null) return target;
  const address = url.includes(':') ? `[${url}]` : url;
  return `${address && `${address}:`}${publishedPort}->${target}`;
}

function page(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${table([head.map((word) => colors.dim(word)), ...rows]).join('\n')}\n`;
}
