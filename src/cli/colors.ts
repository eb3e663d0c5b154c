/** Colours for a terminal, unless the user disables them. */
import chalk, { Chalk } from 'chalk';

/** chalk supports FORCE_COLOR, but not NO_COLOR (no-color.org). */
export const colors = process.env['NO_COLOR'] ? new Chalk({ level: 0 }) : chalk;
