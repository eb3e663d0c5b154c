/** `sshpool resources`: CPU, memory and disks of a host. */
import { EXIT_FAILURE } from '../../base/error-table.ts';
import { usageError } from '../../base/usage-errors.ts';
import { printableLine } from '../../base/printable.ts';
import { readHostResources, type HostResources, type Usage } from '../../hosts/resources.ts';
import { RESOURCES_OPTIONS } from '../command-table.ts';
import { isReached, parseHostCall, runOn } from '../host-call.ts';
import { colors } from '../colors.ts';
import { printing, table } from '../ui.ts';
import { duration, size } from './stats.ts';

const SYNTAX = 'sshpool resources [options] HOST';
const FORM = { command: 'sshpool resources', specs: RESOURCES_OPTIONS, syntax: SYNTAX };

export async function resources(argv: readonly string[]): Promise<number | undefined> {
  const call = parseHostCall(argv, FORM);
  if (call === undefined) return undefined;
  const [more] = call.rest;
  if (more !== undefined) throw usageError('TOO_MANY', { word: more, syntax: SYNTAX });
  if (!(await isReached(call))) return EXIT_FAILURE;
  const found = await readHostResources(runOn(call));
  const json = call.given.some(({ spec }) => spec.name === '--json');
  const page = json ? `${JSON.stringify(found, null, 2)}\n` : renderResources(found);
  await printing(() => process.stdout.write(page));
  return 0;
}

export function renderResources({
  hostname,
  system,
  uptimeSeconds,
  loadAverage,
  cpu,
  memory,
  disks,
}: HostResources): string {
  const cores = cpu.cores === null ? '' : ` of ${cpu.cores} cores`;
  const lines = table(
    [
      ['host', printableLine([hostname, system].filter(Boolean).join(', ')) || '-'],
      ['up', uptimeSeconds === null ? '-' : duration(uptimeSeconds * 1000)],
      ['load', loadAverage?.map((one) => one.toFixed(2)).join(' ') ?? '-'],
      ['cpu', `${cpu.usedPercent === null ? '-' : `${cpu.usedPercent}%`}${cores}`],
      ['memory', memory === null ? '-' : usageOf(memory)],
      ...(disks.length === 0 ? [['disks', '-']] : []),
      ...disks.map((disk) => [`disk ${printableLine(disk.mountPoint)}`, usageOf(disk)]),
    ].map(([name = '', text = '']) => [colors.dim(name), text]),
  );
  return `${lines.join('\n')}\n`;
}

function usageOf({ totalBytes, usedBytes, availableBytes }: Usage): string {
  const percent = totalBytes === 0 ? 0 : Math.round((usedBytes / totalBytes) * 100);
  return `${percent}% of ${size(totalBytes)}, ${size(availableBytes)} available`;
}
