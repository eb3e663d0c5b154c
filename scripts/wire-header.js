// @ts-check
/** src/launcher/wire.h: the constants of protocol.ts that the launcher needs, in C. */

/**
 * @typedef {object} Facts
 * @property {number} PROTOCOL
 * @property {number} MAX_FRAME
 * @property {number} MAX_CHUNK
 * @property {number} AGENT_PATIENCE_MS
 * @property {number} AGENT_RUNNING_PATIENCE_MS
 * @property {Readonly<Record<string, { readonly number: number }>>} MESSAGES
 * @property {readonly string[]} CALLER_ENV
 * @property {readonly string[]} AGENT_ENV
 * @property {string} SYSTEM_PATH
 * @property {string} MALLOC_THRESHOLD
 */

const upper = (/** @type {string} */ name) => name.replace(/[A-Z]/g, '_$&').toUpperCase();

/** A format for printf, whose only argument is a path. */
const withPath = (/** @type {(path: string) => string} */ text) =>
  JSON.stringify(text('\ufffc').replaceAll('%', '%%').replace('\ufffc', '%s'));

/** The names as a C initializer. */
const list = (/** @type {readonly string[]} */ names) =>
  ['\t{ \\', ...names.map((name) => `\t\t${JSON.stringify(name)}, \\`), '\t}'].join('\n');

/**
 * @param {Facts} protocol
 * @param {{
 *   AGENT_GIVEN_UP: string,
 *   SSH_DEPTH: string,
 *   MAX_SSH_DEPTH: number,
 *   CALLED_AS: string,
 *   PACKAGE_BIN: string,
 * }} start
 * @param {{
 *   version: string,
 *   EXIT_FAILURE: number,
 *   agentLost: (log: string) => string,
 *   agentSilent: (log: string) => string,
 *   lockHeld: (path: string) => string,
 *   noSsh: string,
 *   sshLoop: string,
 *   SSH_TRIED: string,
 *   diversions: readonly string[],
 * }} rest
 */
export function wireHeader(
  protocol,
  start,
  {
    version,
    EXIT_FAILURE,
    agentLost,
    agentSilent,
    lockHeld,
    noSsh,
    sshLoop,
    SSH_TRIED,
    diversions,
  },
) {
  const { PROTOCOL, MAX_FRAME, MAX_CHUNK, MESSAGES } = protocol;
  const { AGENT_PATIENCE_MS, AGENT_RUNNING_PATIENCE_MS } = protocol;
  const { CALLER_ENV, AGENT_ENV, SYSTEM_PATH, MALLOC_THRESHOLD } = protocol;
  const messages = Object.entries(MESSAGES).map(
    ([name, { number }]) => `\tMESSAGE_${upper(name)} = ${number},`,
  );
  return `/* Generated from src/wire by \`npm run generate\`: change it there. */
#ifndef SSHPOOL_WIRE_H
#define SSHPOOL_WIRE_H

#define VERSION ${JSON.stringify(version)}
#define AGENT_GIVEN_UP ${JSON.stringify(start.AGENT_GIVEN_UP)}
#define SSH_DEPTH ${JSON.stringify(start.SSH_DEPTH)}
#define SSH_TRIED ${JSON.stringify(SSH_TRIED)}
#define CALLED_AS ${JSON.stringify(start.CALLED_AS)}
#define PACKAGE_BIN ${JSON.stringify(start.PACKAGE_BIN)}
#define TEXT_AGENT_LOST ${withPath(agentLost)}
#define TEXT_AGENT_SILENT ${withPath(agentSilent)}
#define TEXT_NO_SSH ${JSON.stringify(noSsh)}
#define TEXT_LOCK_HELD ${withPath(lockHeld)}
#define TEXT_SSH_LOOP ${JSON.stringify(sshLoop)}

enum {
\tPROTOCOL = ${PROTOCOL},
\tMAX_FRAME = ${MAX_FRAME},
\tMAX_CHUNK = ${MAX_CHUNK},
\tAGENT_PATIENCE_MS = ${AGENT_PATIENCE_MS},
\tAGENT_RUNNING_PATIENCE_MS = ${AGENT_RUNNING_PATIENCE_MS},
\tEXIT_FAILURE_OF_OURS = ${EXIT_FAILURE},
\tMAX_SSH_DEPTH = ${start.MAX_SSH_DEPTH},
};

enum message {
${messages.join('\n')}
};

/* Variables that make a program's connections lead elsewhere. */
#define DIVERSIONS { ${diversions.map((name) => JSON.stringify(name)).join(', ')} }

/* What a caller sends of its environment by itself; names that end in * match a prefix. */
#define CALLER_ENV \\
${list(CALLER_ENV)}

/* What an agent has of the environment of the call that starts it; and the end of its PATH. */
#define AGENT_ENV \\
${list(AGENT_ENV)}
#define SYSTEM_PATH ${JSON.stringify(SYSTEM_PATH)}
#define MALLOC_THRESHOLD ${JSON.stringify(MALLOC_THRESHOLD)}

#endif
`;
}
