/** Variables of the environment that our programs leave for one another. */

/**
 * How many times in a row a call was handed to the ssh of PATH. One that somebody wrote to run
 * sshpool would hand it back, over and over.
 */
export const SSH_DEPTH = 'SSHPOOL_SSH_DEPTH';
export const MAX_SSH_DEPTH = 8;
