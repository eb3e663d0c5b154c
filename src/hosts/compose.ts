/** Docker compose on a host: projects, their services, and actions on them. */
import { SshpoolError } from '../base/errors.ts';
import { readComposeContainer, readProject, type ComposeContainer } from './compose-schema.ts';
import { badOutput, recordsOf } from './records.ts';
import { outputOf, quote, type RunRemote } from './remote.ts';

/**
 * running: all containers run. stopped: none runs or is about to. partial: some run, or one is paused or
 * restarting. unknown: there are no containers, or docker reports an unknown state.
 */
export type ComposeState = 'running' | 'partial' | 'stopped' | 'unknown';

export interface ComposeProject {
  readonly name: string;
  readonly status: ComposeState;
  /** The number of containers in each state, as docker names it: `running`, `exited`, ... */
  readonly containers: Readonly<Record<string, number>>;
  /** As they were given to docker: may be relative. Empty before compose 2.3. */
  readonly configFiles: readonly string[];
}

export interface ComposePort {
  /** The address that the port is published at; empty if it is not published. */
  readonly url: string;
  readonly targetPort: number;
  readonly publishedPort: number | null;
  readonly protocol: string;
}

export interface ComposeService {
  readonly service: string;
  readonly container: string;
  /** As docker names it: `running`, `exited`, `paused`, ... */
  readonly state: string;
  /** `healthy`, `unhealthy`, `starting`; null without a health check, and if the container does not run. */
  readonly health: string | null;
  /** Of the last run; 0 during the first run. Null if docker does not report it. */
  readonly exitCode: number | null;
  readonly image: string | null;
  readonly ports: readonly ComposePort[];
}

export interface ComposeStatus {
  readonly name: string;
  readonly status: ComposeState;
  readonly services: readonly ComposeService[];
}

/** Commands of `docker compose` for one project that need no terminal. */
export const COMPOSE_ACTIONS = [
  'up',
  'down',
  'start',
  'stop',
  'restart',
  'pause',
  'unpause',
  'kill',
  'rm',
  'pull',
  'build',
  'create',
  'logs',
  'ps',
  'top',
  'images',
  'config',
] as const;
export type ComposeAction = (typeof COMPOSE_ACTIONS)[number];

/** Actions that need the files of the project; the others find its containers by its name. */
const NEED_FILES: ReadonlySet<string> = new Set(['up', 'pull', 'build', 'create', 'config']);

const DOCKER = 'docker';
const COMPOSE = `${DOCKER} compose`;
/** Without --all docker does not list stopped ones. */
const LIST = `${COMPOSE} ls --all --format json`;

/** Stopped ones too. @throws SshpoolError COMMAND_FAILED, BAD_OUTPUT, and as `run` */
export async function readComposeProjects(run: RunRemote): Promise<readonly ComposeProject[]> {
  const output = await outputOf(run, LIST, DOCKER);
  // Without projects docker prints an empty array.
  if (output.trim() === '') throw badOutput(LIST, 'nothing was printed', '');
  return recordsOf(output, LIST).map((record) => {
    const { Name: name, Status, ConfigFiles } = readProject(record, LIST);
    const containers = countStates(Status);
    // N/A if no container has them in its labels.
    const files = ConfigFiles === 'N/A' ? '' : (ConfigFiles ?? '');
    const configFiles = files.split(',').filter(Boolean);
    return { name, status: stateOf(containers), containers, configFiles };
  });
}

/** Stopped ones too. @throws SshpoolError BAD_INPUT, COMMAND_FAILED, BAD_OUTPUT, and as `run` */
export async function readComposeStatus(run: RunRemote, project: string): Promise<ComposeStatus> {
  const command = `${COMPOSE} -p ${checkProject(project)} ps --all --format json`;
  // Without containers docker prints an empty array up to 2.20, and nothing in later versions.
  const records = recordsOf(await outputOf(run, command, DOCKER), command);
  const containers = records.map((record) => readComposeContainer(record, command));
  // `docker compose run` leaves containers that are not part of the service.
  const services = containers.filter(({ Labels }) => !isOneOff(Labels)).map(serviceOf);
  const states: Record<string, number> = {};
  for (const { state } of services) states[state] = (states[state] ?? 0) + 1;
  return { name: project, status: stateOf(states), services };
}

/** `up` runs in the background. @throws SshpoolError BAD_INPUT, COMMAND_FAILED, BAD_OUTPUT, and as `run` */
export async function runComposeAction(
  run: RunRemote,
  project: string,
  action: ComposeAction,
  extraArgs: readonly string[] = [],
): Promise<string> {
  return outputOf(run, await composeCommand(run, project, action, extraArgs), DOCKER);
}

/** Looks up the files of the project if the action needs them. @throws SshpoolError as runComposeAction */
export async function composeCommand(
  run: RunRemote,
  project: string,
  action: string,
  extraArgs: readonly string[],
): Promise<string> {
  const name = checkProject(project);
  if (!(COMPOSE_ACTIONS as readonly string[]).includes(action)) {
    const problem = `there is no ${JSON.stringify(action)}; there are ${COMPOSE_ACTIONS.join(', ')}`;
    throw SshpoolError.of('BAD_INPUT', { field: 'action', problem });
  }
  if (!areWords(extraArgs)) {
    throw SshpoolError.of('BAD_INPUT', { field: 'extraArgs', problem: 'must be a list of words' });
  }
  const args = extraArgs.map((arg, index) => quote(arg, `extraArgs[${index}]`));
  const files = NEED_FILES.has(action) ? await filesOf(run, project) : [];
  const detached = action === 'up' ? ['--detach'] : [];
  return [COMPOSE, '-p', name, ...files, action, ...detached, ...args].join(' ');
}

function areWords(given: unknown): given is readonly string[] {
  return Array.isArray(given) && given.every((word) => typeof word === 'string');
}

async function filesOf(run: RunRemote, project: string): Promise<string[]> {
  const known = (await readComposeProjects(run)).find(({ name }) => name === project);
  // Docker may find the file of an unknown project in the working directory, or says what is wrong.
  return (known?.configFiles ?? []).flatMap((file) => ['-f', quote(file, 'configFiles')]);
}

/** The rules of compose-go's loader for project names. @throws SshpoolError BAD_INPUT */
function checkProject(project: string): string {
  if (typeof project === 'string' && /^[a-z0-9][a-z0-9_-]*$/.test(project)) return project;
  const problem =
    `${JSON.stringify(project)} is not the name of a project: ` +
    'small letters, digits, - and _, and first a letter or a digit';
  throw SshpoolError.of('BAD_INPUT', { field: 'project', problem });
}

function serviceOf(container: ComposeContainer): ComposeService {
  const { Service, Name, State, Health, ExitCode, Image, Publishers } = container;
  return {
    service: Service,
    container: Name,
    // Early versions capitalize it.
    state: State.toLowerCase(),
    health: Health || null,
    exitCode: ExitCode ?? null,
    image: Image || null,
    ports: (Publishers ?? []).map(({ URL, TargetPort, PublishedPort, Protocol }) => ({
      url: URL,
      targetPort: TargetPort,
      publishedPort: PublishedPort || null,
      protocol: Protocol,
    })),
  };
}

function isOneOff(labels: string | null | undefined): boolean {
  return /(^|,)com\.docker\.compose\.oneoff=True(,|$)/i.test(labels ?? '');
}

/** Parses `running(2), exited(1)`, or a state alone. */
function countStates(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const part of text.toLowerCase().split(',')) {
    const [, state, count] = /^\s*([a-z]+)\s*(?:\((\d+)\))?\s*$/.exec(part) ?? [];
    if (state !== undefined) counts[state] = (counts[state] ?? 0) + Number(count ?? 1);
  }
  return counts;
}

const DOWN = new Set(['exited', 'created', 'dead', 'removing']);
const KNOWN = new Set(['running', ...DOWN, 'paused', 'restarting']);

function stateOf(counts: Readonly<Record<string, number>>): ComposeState {
  const states = Object.keys(counts);
  if (states.length === 0 || !states.every((state) => KNOWN.has(state))) return 'unknown';
  if (states.every((state) => state === 'running')) return 'running';
  return states.every((state) => DOWN.has(state)) ? 'stopped' : 'partial';
}
