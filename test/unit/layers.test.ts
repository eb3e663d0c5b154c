/** The lint rules enforce the layers of docs/ARCHITECTURE.md and their rooms. */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Each importing file with the modules that it must not import. */
const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  'src/base/x.ts': ['../wire/a.ts', '../config/a.ts', '../cli/a.ts', '../index.ts', 'zod', 'ssh2'],
  'src/wire/x.ts': ['../config/a.ts', '../ssh/a.ts', '../agent/a.ts', '../client/a.ts', 'zod'],
  'src/config/x.ts': ['../wire/a.ts', '../ssh/a.ts', '../pool/a.ts', 'zod', 'execa'],
  'src/config/command-line/x.ts': ['../ssh-config/a.ts', '../settings/a.ts', '../../wire/a.ts'],
  'src/config/ssh-config/x.ts': ['../settings/a.ts', 'zod'],
  'src/ssh/x.ts': [
    '../wire/a.ts',
    '../config/a.ts',
    '../pool/a.ts',
    'ssh2',
    'ssh2/lib/a.js',
    'ora',
  ],
  'src/ssh/link/x.ts': ['../channel/a.ts', '../keys/a.ts', '../connect-link.ts', '../../pool/a.ts'],
  'src/ssh/channel/x.ts': ['../keys/a.ts', '../ssh2/a.ts', '../../wire/a.ts'],
  'src/ssh/keys/x.ts': ['../login/a.ts', '../ssh2/a.ts', '../trust/a.ts', 'ssh2'],
  'src/ssh/transport/x.ts': ['../login/a.ts', '../trust/a.ts', 'execa'],
  'src/ssh/trust/x.ts': ['../login/a.ts', '../transport/a.ts', '../choose-link.ts'],
  'src/ssh/login/x.ts': ['../ssh2/a.ts', '../openssh/a.ts', '../channel/a.ts'],
  'src/ssh/openssh/x.ts': ['../ssh2/a.ts', '../connect-link.ts'],
  'src/ssh/ssh2/link.ts': ['../../wire/a.ts', '../../pool/a.ts', '../openssh/a.ts', 'execa'],
  'src/ssh/transport/proxy.ts': ['../../wire/a.ts', '../login/a.ts', 'ssh2'],
  'src/pool/x.ts': [
    '../wire/a.ts',
    '../reach/a.ts',
    '../agent/a.ts',
    '../client/a.ts',
    '../cli/a.ts',
    'ssh2',
  ],
  'src/pool/connection/x.ts': ['../pool.ts', '../../agent/a.ts', 'ssh2'],
  'src/reach/x.ts': ['../agent/a.ts', '../client/a.ts', '../library/a.ts', 'zod', 'ssh2'],
  'src/agent/x.ts': ['../client/a.ts', '../cli/a.ts', '../library/a.ts', 'ssh2', 'execa'],
  'src/agent/sub/y.ts': ['../../client/a.ts'],
  'src/client/x.ts': [
    '../agent/a.ts',
    '../pool/a.ts',
    '../ssh/a.ts',
    '../cli/a.ts',
    'ssh2',
    'chalk',
  ],
  'src/client/terminal/x.ts': ['../call/a.ts', '../exec/a.ts', '../../agent/a.ts'],
  'src/library/x.ts': ['../agent/a.ts', '../cli/a.ts', '../index.ts', 'commander', 'ssh2', 'zod'],
  'src/hosts/x.ts': ['../agent/a.ts', '../client/a.ts', '../wire/a.ts', 'execa'],
  'src/index.ts': ['./cli/a.ts', './agent/a.ts', 'commander', 'ssh2'],
  'src/cli/x.ts': ['ssh2', 'zod'],
  'src/cli/commands/y.ts': ['ssh2'],
};
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/base/x.ts': ['./a.ts', 'node:fs'],
  'src/wire/x.ts': ['../base/a.ts', './config.ts'],
  'src/wire/x-schema.ts': ['../base/a.ts', 'zod'],
  'src/config/x.ts': ['../base/a.ts'],
  'src/hosts/x-schema.ts': ['../base/a.ts', 'zod'],
  'src/ssh/x.ts': ['../base/a.ts', './link.ts'],
  'src/ssh/transport/proxy.ts': ['execa', '../link/a.ts'],
  'src/ssh/login/y.ts': ['../keys/a.ts', '../trust/a.ts', '../../base/a.ts', './a.ts'],
  'src/ssh/connect-link.ts': ['./ssh2/a.ts', './openssh/a.ts'],
  'src/config/ssh-config/x.ts': ['../command-line/a.ts', '../../base/a.ts'],
  'src/config/settings/settings-schema.ts': ['zod', './a.ts'],
  'src/pool/connection/x.ts': ['./a.ts', '../../ssh/a.ts'],
  'src/client/exec/x.ts': ['../call/a.ts', '../terminal/a.ts', '../../wire/a.ts'],
  'src/pool/x.ts': ['../ssh/a.ts', '../config/a.ts', '../base/a.ts'],
  'src/reach/x.ts': ['../pool/a.ts', '../ssh/a.ts', '../wire/a.ts', '../config/a.ts'],
  'src/agent/x.ts': [
    '../reach/a.ts',
    '../pool/a.ts',
    '../ssh/a.ts',
    '../wire/a.ts',
    '../config/a.ts',
    'zod',
  ],
  'src/client/x.ts': ['../wire/a.ts', '../config/a.ts', '../base/a.ts'],
  'src/library/x.ts': ['../reach/a.ts', '../client/a.ts', '../hosts/a.ts', '../pool/a.ts'],
  'src/library/schema.ts': ['zod', '../config/a.ts'],
  'src/index.ts': ['./library/a.ts', './client/a.ts', './base/a.ts', 'zod'],
  'src/cli/x.ts': ['../agent/a.ts', '../client/a.ts', 'commander', 'chalk', 'ora', 'execa'],
  'src/cli/commands/y.ts': ['../../agent/a.ts', 'ora'],
};
/** Modules from which src/ssh may import only types. */
const TYPES_FOR_SSH = ['../config/types.ts', 'ssh2'];

const cases = (table: typeof FORBIDDEN): [file: string, module: string][] =>
  Object.entries(table).flatMap(([file, modules]) =>
    modules.map((module): [string, string] => [file, module]),
  );

interface Finding {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

describe('the layer rules', () => {
  const directory = mkdtempSync(join(tmpdir(), 'layers-'));
  /** The imports of each file, one per line. */
  const files = new Map<string, string[]>();
  const reported = new Set<string>();

  beforeAll(async () => {
    for (const [file, module] of [...cases(FORBIDDEN), ...cases(ALLOWED)]) {
      const lines = files.get(file) ?? [];
      files.set(file, [...lines, `import * as m${lines.length} from '${module}';`]);
    }
    for (const [index, module] of TYPES_FOR_SSH.entries()) {
      files.get('src/ssh/x.ts')?.push(`import type { T as T${index} } from '${module}';`);
    }
    copyFileSync(join(root, '.oxlintrc.json'), join(directory, '.oxlintrc.json'));
    for (const [file, lines] of files) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), lines.join('\n'));
    }
    for (const { code, filename, labels } of await lint(directory)) {
      if (code !== 'eslint(no-restricted-imports)') continue;
      for (const { span } of labels) reported.add(`${filename}:${span.line}`);
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const isReported = (file: string, module: string, kind: 'value' | 'type' = 'value'): boolean => {
    const index = (files.get(file) ?? []).findIndex(
      (line) =>
        line.endsWith(` from '${module}';`) && line.includes(' type ') === (kind === 'type'),
    );
    expect(index).toBeGreaterThan(-1);
    return reported.has(`${file}:${index + 1}`);
  };

  it.each(cases(FORBIDDEN))('forbid %s to import %s', (file, module) => {
    expect(isReported(file, module)).toBe(true);
  });

  it.each(cases(ALLOWED))('let %s import %s', (file, module) => {
    expect(isReported(file, module)).toBe(false);
  });

  it.each(TYPES_FOR_SSH)('let ssh import types from %s', (module) => {
    expect(isReported('src/ssh/x.ts', module, 'type')).toBe(false);
  });
});

function lint(directory: string): Promise<readonly Finding[]> {
  const oxlint = join(root, 'node_modules', '.bin', 'oxlint');
  return new Promise((resolve) => {
    execFile(oxlint, ['-f', 'json', 'src'], { cwd: directory }, (_error, stdout) => {
      // oxlint fails because it finds violations; without a report this throws, and so does the hook.
      const report = JSON.parse(stdout) as { diagnostics: readonly Finding[] };
      resolve(report.diagnostics);
    });
  });
}

describe("ssh2's internals", () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join(root, 'src', file), 'utf8')] as const);
  const filesWith = (text: RegExp): string[] =>
    sources.flatMap(([file, source]) => (text.test(source) ? [file] : [])).toSorted();

  it('are loaded by protocol and routes only, and the parser of keys by foreign-keys', () => {
    expect(filesWith(/'ssh2\/lib\//)).toEqual([
      'ssh/keys/foreign-keys.ts',
      'ssh/ssh2/protocol.ts',
      'ssh/ssh2/routes.ts',
    ]);
  });

  it('are named by protocol and routes only', () => {
    expect(filesWith(/\._[a-z]/)).toEqual(['ssh/ssh2/protocol.ts', 'ssh/ssh2/routes.ts']);
  });
});
