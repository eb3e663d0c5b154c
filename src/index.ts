export { SshpoolError, type ErrorCode } from './base/errors.ts';
