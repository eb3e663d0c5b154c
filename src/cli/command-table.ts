/** All commands, their options and arguments: help, parser and completions are made from this table. */
import {
  CONNECTION_OPTIONS,
  EXEC_OPTIONS,
  SHELL_OPTIONS,
} from '../config/command-line/exec-args.ts';
import type { OptionSpec } from '../config/command-line/options.ts';

export type ArgumentKind = 'host' | 'pooled' | 'shell' | 'command' | 'level';

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Arguments as help shows them. */
  readonly usage: string;
  readonly options: readonly OptionSpec[];
  readonly argument?: ArgumentKind;
  readonly commands?: readonly CommandSpec[];
  /** Additional lines of `--help`. */
  readonly notes?: readonly string[];
}

const HELP: OptionSpec = { name: '--help', alias: '-h', text: 'show this help' };
const FORCE_STOP: OptionSpec = {
  name: '--force',
  text: 'end running commands too, and an agent that does not answer',
};
const JSON_OUTPUT: OptionSpec = { name: '--json', text: 'print JSON' };

/** `docker-sock` parses its own words: the options of COMMAND are not its own. */
export const DOCKER_SOCK_OPTIONS: readonly OptionSpec[] = [
  { name: '--remote', value: 'PATH', text: 'the socket of the host (/var/run/docker.sock)' },
  { name: '--socket', value: 'PATH', text: 'the local socket' },
  ...CONNECTION_OPTIONS,
];

export const COMPOSE_OPTIONS: readonly OptionSpec[] = [
  { ...JSON_OUTPUT, text: 'print JSON (ls and ps)' },
  ...CONNECTION_OPTIONS,
];
export const RESOURCES_OPTIONS: readonly OptionSpec[] = [JSON_OUTPUT, ...CONNECTION_OPTIONS];

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The options of ssh that sshpool reads itself; all others work as well. */
const SSH_OPTIONS: readonly OptionSpec[] = EXEC_OPTIONS.filter(
  ({ name }) => !name.startsWith('--'),
);

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'exec',
    summary: 'run a command on a host over a warm connection',
    usage: '[options] HOST [--] CMD [ARG...]',
    options: EXEC_OPTIONS,
    argument: 'host',
    notes: [
      'HOST is an alias of ssh_config, a name, USER@NAME or ssh://USER@NAME:PORT.',
      'Exit status: that of the command; 128+n for signal n; 124 after --timeout;',
      '255 if the host cannot be reached or the connection is lost; 2 for bad usage.',
    ],
  },
  {
    name: 'ssh',
    summary: 'be ssh, over a warm connection where that is possible',
    usage: '[ssh options] HOST [CMD [ARG...]]',
    options: SSH_OPTIONS,
    argument: 'host',
    notes: [
      'Takes whatever ssh(1) takes. What is more than one command, shell, subsystem or -W, as with',
      '-L, -N, -X or -O, is given to the real ssh as it is. sshpool-ssh is the same in one word, for',
      'GIT_SSH=sshpool-ssh, rsync -e sshpool-ssh, scp -S sshpool-ssh.',
      'Exit status: that of ssh.',
    ],
  },
  {
    name: 'shell',
    summary: 'log in to a host with a terminal, over a warm connection',
    usage: '[options] HOST',
    options: SHELL_OPTIONS,
    argument: 'host',
    notes: [
      'Escape characters as in ssh, at the beginning of a line: ~. leaves, ~^Z suspends, ~? lists them.',
      'Exit status: that of the shell; 255 if the host cannot be reached or the connection is lost.',
    ],
  },
  {
    name: 'wrap',
    summary: 'run a tool for which ssh is sshpool',
    usage: '[--] TOOL [ARG...]',
    options: [HELP],
    notes: [
      'TOOL finds sshpool as ssh in its PATH, and scp and sftp that use it: sshpool wrap git fetch',
      'Exit status: that of TOOL; 127 if there is none, 126 if it cannot be run.',
    ],
  },
  {
    name: 'compose',
    summary: 'docker compose on a host',
    usage: '[options] HOST ls | ps PROJECT | ACTION PROJECT [ARG...]',
    options: COMPOSE_OPTIONS,
    argument: 'host',
    notes: [
      'ls lists the projects and ps the services of one, stopped ones too. ACTION is a command of docker',
      'compose: up (in the background), down, restart, logs, pull, ...; ARG is for it.',
      'Exit status: that of docker; 255 if the host cannot be reached; 2 for bad usage.',
    ],
  },
  {
    name: 'resources',
    summary: 'show load, memory and disks of a host',
    usage: '[options] HOST',
    options: RESOURCES_OPTIONS,
    argument: 'host',
  },
  {
    name: 'docker-sock',
    summary: 'give the docker socket of a host as a local one',
    usage: '[options] HOST [--] [COMMAND [ARG...]]',
    options: DOCKER_SOCK_OPTIONS,
    argument: 'host',
    notes: [
      'Runs COMMAND with DOCKER_HOST set to a local socket that leads to that of the host; without',
      'COMMAND it says where the socket is and stays until it is interrupted.',
      'Exit status: that of COMMAND; 255 if the host or its socket cannot be reached.',
    ],
  },
  {
    name: 'stats',
    summary: 'show what the pool does',
    usage: '[options] [HOST]',
    options: [JSON_OUTPUT, HELP],
    argument: 'pooled',
  },
  {
    name: 'close',
    summary: 'close the connections to a host when their commands have ended',
    usage: '[options] [HOST]',
    options: [
      { name: '--all', text: 'close the connections to every host' },
      { name: '--force', text: 'end running commands too' },
      HELP,
    ],
    argument: 'pooled',
  },
  {
    name: 'warm',
    summary: 'connect to hosts ahead of time',
    usage: '[options] HOST...',
    options: CONNECTION_OPTIONS,
    argument: 'host',
  },
  {
    name: 'agent',
    summary: 'the background agent that holds the connections',
    usage: 'COMMAND',
    options: [HELP],
    argument: 'command',
    commands: [
      { name: 'start', summary: 'start it, if it does not run', usage: '', options: [HELP] },
      {
        name: 'stop',
        summary: 'end it when the running commands have ended',
        usage: '[options]',
        options: [FORCE_STOP, HELP],
      },
      {
        name: 'restart',
        summary: 'stop it and start another',
        usage: '[options]',
        options: [FORCE_STOP, HELP],
      },
      {
        name: 'status',
        summary: 'say whether it runs (status 0) or not (status 1)',
        usage: '[options]',
        options: [JSON_OUTPUT, HELP],
      },
      { name: 'run', summary: 'be the agent, in the foreground', usage: '', options: [HELP] },
      {
        name: 'logs',
        summary: 'print its log',
        usage: '[options]',
        options: [{ name: '--follow', alias: '-f', text: 'go on as the log grows' }, HELP],
      },
      {
        name: 'log-level',
        summary: 'show or set what its log tells: info, or debug for each step of each call',
        usage: '[info|debug]',
        options: [HELP],
        argument: 'level',
      },
    ],
  },
  {
    name: 'setup',
    summary: 'put completions and the man page where shells and man find them',
    usage: '[options]',
    options: [
      { name: '--ssh', text: 'also the name ssh, in a directory of yours that is first in PATH' },
      { name: '--service', text: 'also the agent as a service of systemd or launchd' },
      { name: '--undo', text: 'take back what it has made' },
      { name: '--yes', alias: '-y', text: 'do not ask' },
      JSON_OUTPUT,
      HELP,
    ],
    notes: [
      'Shows what it would make, and asks. It makes files and links in your home directory, changes none',
      'of your own, and can be called again, as after an update. --undo leaves what has changed since.',
      'The agent needs no service: the first call starts it. As a service it belongs to no login session;',
      'systemd starts it at the first call, launchd at login. With --service setup also runs systemctl, and',
      'ends an agent without commands first; --undo leaves a running agent until it is idle.',
      'Exit status: 0; 255 if something else is in the way, systemctl failed, or the answer is no; 2 without',
      '--yes and a terminal.',
    ],
  },
  {
    name: 'demo',
    summary: 'show what a warm connection gains on this machine, with servers of its own',
    usage: '',
    options: [HELP],
    notes: [
      'Starts a small ssh server on 127.0.0.1 and, if OpenSSH has one here, that as well; measures cold',
      'and warm calls beside ssh and ControlMaster. Everything ends with it; your own agent takes no part.',
      'Exit status: 0; 1 if a call failed.',
    ],
  },
  {
    name: 'completion',
    summary: 'print the completions for a shell',
    usage: SHELLS.join('|'),
    options: [HELP],
    argument: 'shell',
    notes: [
      'sshpool setup puts them in their places. By hand:',
      'bash: sshpool completion bash > ~/.local/share/bash-completion/completions/sshpool',
      'zsh:  sshpool completion zsh > a directory of $fpath, as _sshpool',
      'fish: sshpool completion fish > ~/.config/fish/completions/sshpool.fish',
    ],
  },
];
