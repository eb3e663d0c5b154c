/** The sections of docs/RELIABILITY.md that runs write. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withSection } from '../../scripts/sections.js';

/** Whether all rows are to run in full size. */
export const FULL = process.env['SSHPOOL_FAULTS'] === 'full';

const DOCUMENT = new URL('../../docs/RELIABILITY.md', import.meta.url);

export function report(section: string, content: string): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  writeFileSync(DOCUMENT, withSection(text, section, content));
}
