/** What the agent's log says of the pool: one line for each event. */
import type { Log } from '../base/log.ts';
import type { OnPoolEvent, PoolEvent } from '../pool/events.ts';

/** At level debug: of use only to follow one call. */
const DEBUG: ReadonlySet<PoolEvent['type']> = new Set(['reuse', 'queue']);

export function logPool(log: Log): OnPoolEvent {
  return (event) => {
    if (DEBUG.has(event.type)) log.debug(() => textOf(event));
    else log.info(textOf(event));
  };
}

function textOf(event: PoolEvent): string {
  switch (event.type) {
    case 'connect': {
      const { id, target, user, host, port, link, linkReason } = event.connection;
      const ms = Math.round(event.connectMs);
      return `connection ${id}: open to ${target}, ${user}@${host} port ${port}, ${ms} ms, ${link} (${linkReason})`;
    }
    case 'reuse':
      return `connection ${event.connection.id}: used again`;
    case 'evict':
      return `connection ${event.connection.id}: closed, ${event.error?.message ?? event.reason}`;
    case 'refuse':
      return `connection ${event.connection.id}: the server refused a session`;
    case 'queue':
      return `a call to ${event.label.name} waits, ${event.queued} in the queue`;
    case 'error':
      return `connect to ${event.label.name} failed: ${event.error.message}`;
  }
}
