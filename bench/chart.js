// @ts-check
/** Draws docs/benchmarks.svg: two bars for each row, where ControlMaster's is 100 %. */

const WIDTH = 820;
const LEFT = 250;
const FULL = 310;
const BAR = 15;
const GAP = 16;
const TOP = 54;
/** Readable on GitHub's light and dark background. */
const COLOR = { text: '#768390', pool: '#2f81f7', master: '#8c959f' };
const FONT = 'font-family="-apple-system,Segoe UI,Helvetica,Arial,sans-serif" font-size="13"';

/** @param {string} text */
const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** @param {number} x @param {number} y @param {string} text @param {string} [more] */
const label = (x, y, text, more = '') =>
  `<text x="${x}" y="${y}" fill="${COLOR.text}" ${more}>${escape(text)}</text>`;

/** @param {number} y @param {number} share @param {string} color @param {string} text */
function bar(y, share, color, text) {
  // A bar must not leave the picture.
  const width = Math.max(2, Math.min(share, 1.25) * FULL).toFixed(1);
  return [
    `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2" fill="${color}"/>`,
    label(LEFT + Number(width) + 8, y + 12, share > 1.25 ? `… ${text}` : text),
  ].join('');
}

/** @param {number} ms */
const milliseconds = (ms) =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms >= 100 ? 0 : 1)} ms`;

/** @param {readonly import('./report.js').Result[]} results */
export function chart(results) {
  const works = results.flatMap(({ row, outcome }) => {
    const { pool, master, value } = outcome ?? {};
    if (row.unit !== 'x ControlMaster' || !pool || !master || value === undefined) return [];
    return [{ name: row.name, pool: pool.median, master: master.median, value }];
  });
  const lines = works.flatMap(({ name, pool, master, value }, index) => {
    const y = TOP + index * (2 * BAR + GAP);
    return [
      label(LEFT - 12, y + BAR + 4, name, 'text-anchor="end"'),
      bar(y, value, COLOR.pool, `${milliseconds(pool)}  (${Math.round(value * 100)} %)`),
      bar(y + BAR + 1, 1, COLOR.master, milliseconds(master)),
    ];
  });
  const height = TOP + works.length * (2 * BAR + GAP);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" ${FONT}>`,
    '<title>Time of whole commands: sshpool beside ssh over ControlMaster (shorter is better)</title>',
    `<rect x="${LEFT}" y="12" width="${BAR}" height="${BAR}" rx="2" fill="${COLOR.pool}"/>`,
    label(LEFT + 22, 24, 'sshpool'),
    `<rect x="${LEFT + 100}" y="12" width="${BAR}" height="${BAR}" rx="2" fill="${COLOR.master}"/>`,
    label(LEFT + 122, 24, 'ssh over ControlMaster (100 %)'),
    label(LEFT + 370, 24, 'shorter is better', 'font-style="italic"'),
    ...lines,
    '</svg>\n',
  ].join('\n');
}
