/** Whether all rows run, in full size; otherwise a part of them. */
export const FULL = process.env['SSHPOOL_FAULTS'] === 'full';
