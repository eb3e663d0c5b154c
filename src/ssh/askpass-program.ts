#!/usr/bin/env node
/** The program that an ssh of ours asks its questions through: see askpass.ts. */
import { createConnection } from 'node:net';
import { ASKPASS_SOCKET, type AskpassReply, type AskpassRequest } from './askpass.ts';

const request: AskpassRequest = {
  prompt: process.argv[2] ?? '',
  kind: process.env['SSH_ASKPASS_PROMPT'] ?? '',
};
const socket = createConnection(process.env[ASKPASS_SOCKET] ?? '');
let line = '';
// As ssh-askpass does where the person gives no answer.
process.exitCode = 1;
socket.setEncoding('utf8');
socket.on('error', () => socket.destroy());
socket.on('data', (text: string) => (line += text));
socket.on('end', () => {
  if (line === '') return;
  const { answer } = JSON.parse(line) as AskpassReply;
  if (answer === null) return;
  process.stdout.write(`${answer}\n`);
  process.exitCode = 0;
});
socket.write(`${JSON.stringify(request)}\n`);
