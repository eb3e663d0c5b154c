#!/usr/bin/env node
/** The SSH_ASKPASS program for the pool's own ssh processes: see askpass.ts. */
import { createConnection } from 'node:net';
import { ASKPASS_SOCKET, type AskpassRequest } from './askpass.ts';

const request: AskpassRequest = {
  prompt: process.argv[2] ?? '',
  kind: process.env['SSH_ASKPASS_PROMPT'] ?? '',
};
const socket = createConnection(process.env[ASKPASS_SOCKET] ?? '');
// As ssh-askpass does if the user gives no answer.
process.exitCode = 1;
socket.on('error', () => socket.destroy());
socket.on('data', (answer: Buffer) => {
  process.exitCode = 0;
  process.stdout.write(answer);
});
socket.write(`${JSON.stringify(request)}\n`);
