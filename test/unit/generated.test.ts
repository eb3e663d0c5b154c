/** The committed files equal those that the source generates; scripts/generate.js writes them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { protocolDocument } from '../../scripts/protocol-document.js';
import { settingsTable, withSection } from '../../scripts/sections.js';
import { wireHeader } from '../../scripts/wire-header.js';
import { EXIT_FAILURE } from '../../src/base/error-table.ts';
import { SshpoolError } from '../../src/base/errors.ts';
import { DIVERSIONS } from '../../src/base/place.ts';
import { SSH_TRIED } from '../../src/base/programs.ts';
import { programVersion } from '../../src/base/version.ts';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { bashCompletion, fishCompletion, zshCompletion } from '../../src/cli/completion-scripts.ts';
import { FALLBACK, VARIABLES } from '../../src/config/settings/settings.ts';
import * as callerEnv from '../../src/wire/caller-env.ts';
import * as capabilities from '../../src/wire/capabilities.ts';
import * as messages from '../../src/wire/protocol.ts';
import * as start from '../../src/wire/start.ts';

const committed = (name: string): string =>
  readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

const protocol = { ...messages, ...callerEnv, ...capabilities };
const facts = {
  version: programVersion(),
  EXIT_FAILURE,
  agentLost: (log: string) => SshpoolError.of('AGENT_LOST', { log }).message,
  agentSilent: (log: string) => SshpoolError.of('AGENT_SILENT', { log }).message,
  lockHeld: (path: string) => SshpoolError.of('LOCK_HELD', { path }).message,
  noSsh: SshpoolError.of('NO_SSH', {}).message,
  sshLoop: SshpoolError.of('SSH_LOOP', {}).message,
  SSH_TRIED,
  diversions: DIVERSIONS,
};

describe('the generated files (npm run generate writes them)', () => {
  it.each([
    ['completions/sshpool.bash', bashCompletion(COMMANDS)],
    ['completions/_sshpool', zshCompletion(COMMANDS)],
    ['completions/sshpool.fish', fishCompletion(COMMANDS)],
    ['docs/PROTOCOL.md', protocolDocument(protocol)],
    ['src/launcher/wire.h', wireHeader(protocol, start, facts)],
  ])('%s agrees with its tables', (name, generated) => {
    expect(committed(name)).toBe(generated);
  });

  it('README.md agrees with the table of the settings', () => {
    const readme = committed('README.md');
    expect(readme).toBe(withSection(readme, 'settings', settingsTable([...VARIABLES, FALLBACK])));
  });

  it('a README without the section is an error', () => {
    expect(() => withSection('# sshpool\n', 'settings', 'x')).toThrow('<!-- settings -->');
  });
});
