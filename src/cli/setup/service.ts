/** The agent as a service of the user: systemd starts it at the first call, launchd at login. Pure. */
import { join } from 'node:path';
import type { RuntimePaths } from '../../config/settings/paths.ts';

/** What of the user's machine counts for the service. */
export interface ServiceFacts {
  /** The service manager; undefined if the user has none here. */
  readonly manager: 'systemd' | 'launchd' | undefined;
  /** Where it looks for files of the user. */
  readonly directory: string;
  /** The agent's files. */
  readonly paths: Pick<RuntimePaths, 'socket' | 'service'>;
  /** The environment of the agent. */
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
}

export interface ServiceFile {
  readonly path: string;
  readonly content: string;
}

const LAUNCHD_LABEL = 'sshpool.agent';

/** systemd.socket(5), systemd.service(5). The link is what `systemctl enable` makes. */
export function systemdFiles(
  { directory, paths, env }: ServiceFacts,
  program: string,
): { readonly files: readonly ServiceFile[]; readonly link: { path: string; to: string } } {
  const unit = '[Unit]\nDescription=The connections of sshpool\nDocumentation=man:sshpool(1)\n';
  const variables = Object.entries(env).map(
    ([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`,
  );
  const socketUnit = join(directory, 'sshpool.socket');
  const socketText = `${unit}
[Socket]
ListenStream=${escaped(paths.service)}
SocketMode=0600
DirectoryMode=0700
RemoveOnStop=yes
ExecStartPost=${command('ln', '-f', paths.service, paths.socket)}

[Install]
WantedBy=sockets.target
`;
  // Enough for agents that end because they are idle; a program that fails ends the unit within seconds.
  const serviceText = `${unit}StartLimitIntervalSec=10
StartLimitBurst=20

[Service]
ExecStart=${command(program, 'agent', 'run')}
${variables.join('')}# No core file: the memory holds passwords and keys.
LimitCORE=0
`;
  return {
    files: [
      { path: socketUnit, content: socketText },
      { path: join(directory, 'sshpool.service'), content: serviceText },
    ],
    link: { path: join(directory, 'sockets.target.wants', 'sshpool.socket'), to: socketUnit },
  };
}

/** launchd.plist(5). Without a socket of launchd's: only a C function hands one over (launch_activate_socket(3)). */
export function launchdFile({ directory, env }: ServiceFacts, program: string): ServiceFile {
  const words = [program, 'agent', 'run'].map((word) => `    <string>${xml(word)}</string>\n`);
  const variables = Object.entries(env).map(
    ([name, value]) => `    <key>${xml(name)}</key><string>${xml(value)}</string>\n`,
  );
  const content = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${LAUNCHD_LABEL}</string>
  <key>RunAtLoad</key><true/>
  <key>ProgramArguments</key>
  <array>
${words.join('')}  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables.join('')}  </dict>
</dict>
</plist>
`;
  return { path: join(directory, `${LAUNCHD_LABEL}.plist`), content };
}

const systemctl = (...words: readonly string[]): string[] => ['systemctl', '--user', ...words];

const RELOAD = systemctl('daemon-reload');
const STOP = systemctl('stop', 'sshpool.socket');

interface File {
  readonly path: string;
}

/** Made last, where both units are there. */
const isLink = ({ path }: File): boolean => path.endsWith('/sockets.target.wants/sshpool.socket');

/** What makes systemd read its files, if all are there. The socket begins anew: its path may be another one. */
export const commandsToStart = (files: readonly File[]): string[][] =>
  files.some(isLink) ? [RELOAD, STOP, systemctl('start', 'sshpool.socket')] : [];

/** Before the files are removed. The agent itself goes on: its commands may be running. */
export const commandsToStop = (files: readonly File[]): string[][] =>
  files.some(isLink) ? [STOP] : [];

/** After they are removed. */
export const COMMANDS_TO_FORGET: readonly (readonly string[])[] = [RELOAD];

/** In systemd's files % begins a specifier. */
const escaped = (text: string): string => text.replaceAll('%', '%%');

/** One word (systemd.syntax(7)). */
const quoted = (text: string): string =>
  `"${escaped(text)
    .replace(/[\\"]/g, String.raw`\$&`)
    .replace(/[\r\n]/g, escapedLineEnd)}"`;

/** By env: the path of a program may have no quotes (systemd.service(5)); in arguments $ begins a variable. */
const command = (...words: readonly string[]): string =>
  ['/usr/bin/env', ...words.map((word) => quoted(word).replaceAll('$', '$$$$'))].join(' ');

const escapedLineEnd = (end: string): string => (end === '\n' ? String.raw`\n` : String.raw`\r`);

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

const xml = (text: string): string => text.replace(/[&<>]/g, (sign) => XML[sign] ?? sign);
