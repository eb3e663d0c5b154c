// @ts-check
/**
 * Generates files from tables in the source: the completions, the man page, docs/PROTOCOL.md, the table of
 * settings in README.md, the constants of the launcher and the lint's rules about imports. Runs after the
 * build. With `--check` it writes nothing, names the files that are out of date, and fails.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../dist/cli/command-table.js';
import { bashCompletion, fishCompletion, zshCompletion } from '../dist/cli/completion-scripts.js';
import { manPage } from '../dist/cli/man-page.js';
import { FALLBACK, VARIABLES } from '../dist/config/settings/settings.js';
import { EXIT_FAILURE } from '../dist/base/error-table.js';
import { SshpoolError } from '../dist/base/errors.js';
import * as callerEnv from '../dist/wire/caller-env.js';
import * as capabilities from '../dist/wire/capabilities.js';
import * as messages from '../dist/wire/protocol.js';
import { DIVERSIONS } from '../dist/base/place.js';
import { SSH_TRIED } from '../dist/base/programs.js';
import * as start from '../dist/wire/start.js';
import { layerOverrides } from './layers.js';
import { protocolDocument } from './protocol-document.js';
import { settingsTable, withSection } from './sections.js';
import { wireHeader } from './wire-header.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The text of a file of the repository; empty if the file does not exist yet. */
function current(/** @type {string} */ name) {
  try {
    return readFileSync(join(root, name), 'utf8');
  } catch {
    return ''; // differs from all generated text, so the file is written or reported
  }
}

const protocol = { ...messages, ...callerEnv, ...capabilities };
const { version } = /** @type {{ version: string }} */ (JSON.parse(current('package.json')));
const facts = {
  version,
  EXIT_FAILURE,
  agentLost: (/** @type {string} */ log) => SshpoolError.of('AGENT_LOST', { log }).message,
  agentSilent: (/** @type {string} */ log) => SshpoolError.of('AGENT_SILENT', { log }).message,
  lockHeld: (/** @type {string} */ path) => SshpoolError.of('LOCK_HELD', { path }).message,
  noSsh: SshpoolError.of('NO_SSH', {}).message,
  sshLoop: SshpoolError.of('SSH_LOOP', {}).message,
  SSH_TRIED,
  diversions: DIVERSIONS,
};
const readme = withSection(
  current('README.md'),
  'settings',
  settingsTable([...VARIABLES, FALLBACK]),
);

/** The lint configuration, with the rules about imports of scripts/layers.js. */
function lintConfig() {
  const config = /** @type {{ overrides: { rules: object }[] }} */ (
    JSON.parse(current('.oxlintrc.json'))
  );
  const others = config.overrides.filter(({ rules }) => !('no-restricted-imports' in rules));
  return `${JSON.stringify({ ...config, overrides: [...others, ...layerOverrides()] }, null, 2)}\n`;
}

/** @type {readonly (readonly [name: string, content: string])[]} */
const files = [
  ['.oxlintrc.json', lintConfig()],
  ['completions/sshpool.bash', bashCompletion(COMMANDS)],
  ['completions/_sshpool', zshCompletion(COMMANDS)],
  ['completions/sshpool.fish', fishCompletion(COMMANDS)],
  ['man/sshpool.1', manPage()],
  ['docs/PROTOCOL.md', protocolDocument(protocol)],
  ['src/launcher/wire.h', wireHeader(protocol, start, facts)],
  ['README.md', readme],
];
const drifted = files.filter(([name, content]) => current(name) !== content);

if (process.argv.includes('--check')) {
  for (const [name] of drifted) process.stderr.write(`${name} is out of date: npm run generate\n`);
  process.exitCode = drifted.length === 0 ? 0 : 1;
} else {
  for (const [name, content] of drifted) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
    process.stdout.write(`wrote ${name}\n`);
  }
}
