/** Whether all faults are to be made, and in full size; a part of them otherwise. */
export const FULL = process.env['SSHPOOL_FAULTS'] === 'full';
