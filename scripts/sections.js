// @ts-check
/** The parts of README.md that are generated from tables in the source. */

/**
 * @typedef {object} Variable
 * @property {string} name
 * @property {number | boolean | string} default
 * @property {string} meaning
 */

/** The directory of the agent's files is not a setting of the agent, so VARIABLES does not have it. */
const RUNTIME_DIR = {
  name: 'SSH_POOL_RUNTIME_DIR',
  default: '',
  meaning: 'the directory of socket and log (else in `XDG_RUNTIME_DIR`, `/run/user/UID` or `/tmp`)',
};

/** A Markdown table in prettier's format. @param {readonly Variable[]} variables */
export function settingsTable(variables) {
  return markdownTable([
    ['Variable', 'Default', 'Meaning'],
    ...[...variables, RUNTIME_DIR].map((row) => [
      `\`${row.name}\``,
      String(row.default),
      row.meaning,
    ]),
  ]);
}

/** The first row is the heading. @param {readonly (readonly string[])[]} rows */
export function markdownTable(rows) {
  const [heading = [], ...body] = rows;
  const widths = heading.map((_, column) =>
    Math.max(3, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [heading, rule, ...body].map(line).join('\n');
}

/**
 * `text` with `content` between the markers of a section.
 *
 * @param {string} text
 * @param {string} name
 * @param {string} content
 */
export function withSection(text, name, content) {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start < 0 || end < start) throw new Error(`there is no section ${open} ... ${close}`);
  return `${text.slice(0, start)}${open}\n\n${content}\n\n${text.slice(end)}`;
}
