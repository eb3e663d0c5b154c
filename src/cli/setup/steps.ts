/** What `sshpool setup` makes for one user: pure, from what was found out about the user's machine. */
import { join } from 'node:path';
import type { SHELLS } from '../command-table.ts';
import { launchdFile, systemdFiles, type ServiceFacts } from './service.ts';

export type Shell = (typeof SHELLS)[number];

/** What setup makes, with the directories above it; `compiled` is the launcher. */
export type Step = {
  readonly path: string;
  readonly what: string;
  /** Files without which it is not made. */
  readonly needs?: readonly string[];
} & (
  | { readonly kind: 'file'; readonly content: string }
  | { readonly kind: 'link'; readonly to: string }
  | { readonly kind: 'compiled' }
);

/** What the user has to do: setup changes no file of the user's own. */
export interface Advice {
  readonly what: string;
  readonly text: string;
}

export interface Facts {
  readonly home: string;
  /** XDG_DATA_HOME and XDG_CONFIG_HOME, or their defaults. */
  readonly data: string;
  readonly config: string;
  readonly shells: readonly Shell[];
  /** Directories of zsh's `fpath` in the user's home, in order. */
  readonly zshFunctions: readonly string[];
  /** Directories in the user's home in which man(1) looks, in order. */
  readonly manuals: readonly string[];
  /** man(1) finds the page already, as npm has installed it. */
  readonly hasManual: boolean;
  /** Directories of PATH in the user's home, before that of the real ssh, in order. */
  readonly beforeSsh: readonly string[];
  /** Where a launcher has to be compiled, because the package has none for the machine. */
  readonly launcher: string | undefined;
  readonly hasCompiler: boolean;
  /** Undefined if the agent shall be no service. */
  readonly service: ServiceFacts | undefined;
}

/** The texts that setup writes, and the program that a link leads to. */
export interface Parts {
  readonly completions: Readonly<Record<Shell, string>>;
  readonly manPage: string;
  readonly program: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly advice: readonly Advice[];
}

/** `ssh`: also the name ssh. */
export function planOf(facts: Facts, parts: Parts, { ssh }: { readonly ssh: boolean }): Plan {
  const plans = [
    ...facts.shells.map((shell) => completion(shell, facts, parts)),
    manual(facts, parts),
    launcher(facts),
    ...(ssh ? [asSsh(facts, parts)] : []),
    ...(facts.service ? asService(facts.service, parts) : []),
  ];
  return {
    steps: plans.flatMap(({ step }) => step ?? []),
    advice: plans.flatMap(({ advice }) => advice ?? []),
  };
}

interface Part {
  readonly step?: Step;
  readonly advice?: Advice;
}

function completion(shell: Shell, facts: Facts, { completions }: Parts): Part {
  const what = `completions for ${shell}`;
  const file = (path: string): Step => ({ kind: 'file', path, what, content: completions[shell] });
  switch (shell) {
    case 'bash':
      return { step: file(join(facts.data, 'bash-completion', 'completions', 'sshpool')) };
    case 'fish':
      return { step: file(join(facts.config, 'fish', 'completions', 'sshpool.fish')) };
    case 'zsh':
      return zshCompletion(facts, file);
  }
}

function zshCompletion({ home, zshFunctions }: Facts, file: (path: string) => Step): Part {
  const [directory] = zshFunctions;
  if (directory !== undefined) return { step: file(join(directory, '_sshpool')) };
  const text = 'add to ~/.zshrc, before compinit: fpath=(~/.zfunc $fpath)';
  return {
    step: file(join(home, '.zfunc', '_sshpool')),
    advice: { what: 'completions for zsh', text },
  };
}

function manual({ hasManual, manuals: [directory] }: Facts, { manPage }: Parts): Part {
  const what = 'the man page';
  if (hasManual) return {};
  if (directory === undefined) {
    const text = 'man looks in no directory of yours; put ~/.local/bin into PATH';
    return { advice: { what, text } };
  }
  const path = join(directory, 'man1', 'sshpool.1');
  return { step: { kind: 'file', path, what, content: manPage } };
}

function launcher({ launcher: path, hasCompiler }: Facts): Part {
  const what = 'the launcher';
  if (path === undefined) return {};
  if (hasCompiler) return { step: { kind: 'compiled', path, what } };
  const text =
    'the package has none for this machine; install a C compiler (cc), and call setup again';
  return { advice: { what, text } };
}

function asSsh({ beforeSsh: [directory] }: Facts, { program }: Parts): Part {
  const what = 'sshpool as ssh';
  if (directory === undefined) {
    const text =
      'no directory of yours is in PATH before that of ssh; put one there, such as ~/.local/bin';
    return { advice: { what, text } };
  }
  return { step: { kind: 'link', path: join(directory, 'ssh'), what, to: program } };
}

function asService(service: ServiceFacts, { program }: Parts): Part[] {
  const what = 'the agent as a service';
  if (service.manager === undefined) {
    const text =
      'no systemd or launchd of yours was found (after su and sudo XDG_RUNTIME_DIR is missing); the first call starts the agent, as ever';
    return [{ advice: { what, text } }];
  }
  if (service.manager === 'launchd') {
    const file = launchdFile(service, program);
    const text = `starts at your next login, or now: launchctl bootstrap gui/${service.uid} '${file.path}'`;
    return [{ step: { kind: 'file', ...file, what }, advice: { what, text } }];
  }
  const { files, link } = systemdFiles(service, program);
  return [
    ...files.map((file) => ({ step: { kind: 'file', ...file, what } as const })),
    { step: { kind: 'link', ...link, what, needs: files.map(({ path }) => path) } },
  ];
}
