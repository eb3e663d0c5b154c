/** Colours for a terminal, unless the person wants none. */
import chalk, { Chalk } from 'chalk';

/** chalk itself knows FORCE_COLOR, and not NO_COLOR (no-color.org). */
export const colors = process.env['NO_COLOR'] ? new Chalk({ level: 0 }) : chalk;
