/** Describes for `-v` how a call got its session. */
import type { Lease } from '../pool/lease.ts';

export function describeLease({ connection, reused, queueMs, connectMs }: Lease): string {
  const { user, hostname, port } = connection.label;
  const how = reused ? `reusing connection ${connection.id}` : `connected in ${ms(connectMs)}`;
  const waited = queueMs < 1 ? '' : `, waited ${ms(queueMs)}`;
  const { kind, serverVersion } = connection.link;
  return `sshpool: ${user}@${hostname}:${port} (${kind}, ${serverVersion}): ${how}${waited}`;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
