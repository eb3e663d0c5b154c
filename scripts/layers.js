// @ts-check
/**
 * Which layers of src, and which rooms of a layer, may import which. scripts/generate.js makes the rules
 * about imports in the lint configuration from this table.
 */

/**
 * @typedef {object} Layer
 * @property {readonly string[]} imports
 * @property {readonly string[]} [types] of which it may import only types
 * @property {readonly string[]} [libraries] that it may use
 * @property {string} [why]
 */

/** From below to above. @type {Readonly<Record<string, Layer>>} */
export const LAYERS = {
  base: { imports: [] },
  wire: { imports: ['base'] },
  config: { imports: ['base'] },
  ssh: { imports: ['base'], types: ['config'] },
  pool: { imports: ['base', 'config', 'ssh'] },
  reach: { imports: ['base', 'wire', 'config', 'ssh', 'pool'] },
  agent: {
    imports: ['base', 'wire', 'config', 'ssh', 'pool', 'reach'],
    libraries: ['zod'],
    why: 'it meets the client in wire',
  },
  client: { imports: ['base', 'wire', 'config'], why: 'it meets the agent in wire' },
  hosts: { imports: ['base', 'config'], why: 'it is given what it works with' },
  library: {
    imports: ['base', 'wire', 'config', 'ssh', 'pool', 'reach', 'client', 'hosts'],
    why: 'it knows nothing of the command line, nor of the inside of the agent',
  },
};

/**
 * The rooms of a layer, each with those that it may import, from below to above; files beside the rooms stand
 * above them. @type {Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>}
 */
export const ROOMS = {
  config: { settings: [], 'command-line': [], 'ssh-config': ['command-line'] },
  ssh: {
    link: [],
    channel: ['link'],
    keys: ['link'],
    transport: ['link'],
    trust: ['link', 'keys'],
    login: ['link', 'keys', 'transport', 'trust'],
    ssh2: ['link', 'channel', 'keys', 'transport', 'trust', 'login'],
    openssh: ['link', 'channel', 'login'],
  },
  pool: { connection: [] },
  client: { call: [], terminal: [], exec: ['call', 'terminal'] },
};

const LIBRARIES = ['ssh2', 'commander', 'chalk', 'ora', 'execa', 'zod'];
/** Single files that may use a library although their layer may not. */
const OWN_PLACE = {
  'src/library/schema.ts': 'zod',
  'src/hosts/*-schema.ts': 'zod',
  'src/wire/*-schema.ts': 'zod',
  'src/config/settings/settings-schema.ts': 'zod',
  'src/ssh/transport/proxy.ts': 'execa',
};
const PLACE = 'This library has its own place: docs/ARCHITECTURE.md, layers.';
const SSH2 = 'ssh2 is loaded by ssh2/protocol and ssh2/routes; the others may know its types.';

const ABOVE = [...Object.keys(LAYERS), 'cli', 'index'];
const importsOnly = (
  /** @type {string} */ name,
  /** @type {readonly string[]} */ imports,
  /** @type {string | undefined} */ why,
) => `${name} imports ${imports.join(', ') || 'nothing else of ours'}${why ? `: ${why}` : ''}.`;
const oneOf = (/** @type {readonly string[]} */ names) => `(${names.join('|')})`;

/** @param {readonly string[]} libraries */
function withoutLibraries(libraries) {
  const forbidden = LIBRARIES.filter((name) => !libraries.includes(name));
  return { regex: `^${oneOf(forbidden)}(/|$)`, message: PLACE };
}

/** @param {string} name @param {string} [extra] a library */
function patternsOf(name, extra) {
  const { imports, types = [], libraries = [], why } = /** @type {Layer} */ (LAYERS[name]);
  const own = [...libraries, ...(extra === undefined ? [] : [extra])];
  const isSsh = name === 'ssh';
  const forbidden = ABOVE.filter((one) => ![name, ...imports, ...types].includes(one));
  return [
    { regex: `^(\\.\\./)+${oneOf(forbidden)}(/|\\.|$)`, message: importsOnly(name, imports, why) },
    ...(types.length === 0
      ? []
      : [
          {
            regex: `^(\\.\\./)+${oneOf(types)}(/|\\.|$)`,
            message: `${name} takes types from ${types.join(', ')} and nothing else.`,
            allowTypeImports: true,
          },
        ]),
    withoutLibraries(isSsh ? [...own, 'ssh2'] : own),
    ...(isSsh ? [{ regex: '^ssh2(/|$)', allowTypeImports: true, message: SSH2 }] : []),
  ];
}

/** @param {string} layer @param {string} room @param {string} [extra] */
function patternsOfRoom(layer, room, extra) {
  const rooms = ROOMS[layer] ?? {};
  const below = rooms[room] ?? [];
  const others = Object.keys(rooms).filter((one) => one !== room && !below.includes(one));
  const message = importsOnly(`${layer}/${room}`, below, undefined);
  return [
    ...patternsOf(layer, extra),
    { regex: `^\\.\\./(${[...others.map((one) => `${one}/`), '[^/]+$'].join('|')})`, message },
  ];
}

const override = (/** @type {string} */ files, /** @type {readonly object[]} */ patterns) => ({
  files: [files],
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

/** The lint rules for these layers; of several overrides that match a file the last one counts. */
export function layerOverrides() {
  return [
    ...Object.keys(LAYERS).map((name) => override(`src/${name}/**`, patternsOf(name))),
    ...Object.entries(ROOMS).flatMap(([layer, rooms]) =>
      Object.keys(rooms).map((room) =>
        override(`src/${layer}/${room}/**`, patternsOfRoom(layer, room)),
      ),
    ),
    ...Object.entries(OWN_PLACE).map(([files, library]) => {
      const [, layer = '', room = ''] = files.split('/');
      const isRoom = room in (ROOMS[layer] ?? {});
      const patterns = isRoom ? patternsOfRoom(layer, room, library) : patternsOf(layer, library);
      return override(files, patterns);
    }),
    override('src/index.ts', [
      { regex: '^\\./(cli|agent)/', message: 'The library knows nothing of the command line.' },
      withoutLibraries(['zod']),
    ]),
    override('src/cli/**', [withoutLibraries(['commander', 'chalk', 'ora', 'execa'])]),
    override('src/cli/setup/record.ts', [withoutLibraries(['zod'])]),
  ];
}
