/** The hosts of the soak: real sshds behind relays, some of which only OpenSSH can reach. */
import { startRelay, type Relay } from '../support/relay.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { startSshd, type Sshd } from '../support/sshd.ts';

/** ssh2 has no such key exchange. */
const FOR_OPENSSH = 'KexAlgorithms sntrup761x25519-sha512@openssh.com';
/** How long after a fault a call may still fail because of it. */
const AFTER_MS = 3000;

export interface Target {
  readonly name: string;
  readonly sshd: Sshd;
  readonly relay: Relay;
  /** Begin and end of each fault, in monotonic time. */
  readonly faults: [from: number, to: number][];
}

export async function startTargets(
  sandbox: Sandbox,
  count: number,
): Promise<{ targets: readonly Target[]; config: string }> {
  const targets: Target[] = [];
  const blocks: string[] = [];
  for (let i = 0; i < count; i++) {
    const name = `box${i}`;
    const sshd = await startSshd(sandbox, { name });
    const relay = await startRelay(sshd.port);
    sandbox.defer(() => relay.close());
    targets.push({ name, sshd, relay, faults: [] });
    const lines = [`Port ${relay.port}`, `HostKeyAlias [127.0.0.1]:${sshd.port}`];
    if (i % 3 === 2) lines.push(FOR_OPENSSH);
    blocks.push(`Host ${name}\n  ${lines.join('\n  ')}\n${sshd.hostBlock}`);
  }
  return { targets, config: sandbox.write('ssh_config', `${blocks.join('\n')}\n`) };
}

/** Restarts its server, or cuts its connections. */
export async function makeFault({ sshd, relay, faults }: Target, restart: boolean): Promise<void> {
  const fault: [number, number] = [performance.now(), Infinity];
  faults.push(fault);
  if (restart) await sshd.restart();
  else relay.drop();
  fault[1] = performance.now() + AFTER_MS;
}

/** Whether a call from `from` to `to` may have met a fault. */
export const metFault = ({ faults }: Target, from: number, to: number): boolean =>
  faults.some((fault) => fault[0] <= to && from <= fault[1]);
