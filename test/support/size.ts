/** Whether every row runs, in full size (`npm run faults`, `reach`, `fidelity`), or a part as in `npm test`. */
export const FULL = process.env['SSHPOOL_TESTS'] === 'full';
