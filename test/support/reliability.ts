/** Writes the sections of docs/RELIABILITY.md, in full runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withSection } from '../../scripts/sections.js';

const DOCUMENT = new URL('../../docs/RELIABILITY.md', import.meta.url);

/** Puts `content` (Markdown) between the markers of a section. */
export function writeSection(name: string, content: string): void {
  writeFileSync(DOCUMENT, withSection(readFileSync(DOCUMENT, 'utf8'), name, content));
}
