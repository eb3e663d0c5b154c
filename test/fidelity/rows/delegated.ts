/** What is left to the real ssh, and what it says or does not say. */
import { plain, type Row } from '../row.ts';

export const delegatedRows: readonly Row[] = [
  plain('-V prints the version', ['-V']),
  plain('-G prints the configuration', ['-G', 'box']),
  plain('-Q prints what there is', ['-Q', 'cipher'], { bare: true }),
  plain('-Q of what there is not is refused', ['-Q', 'nonsense'], { bare: true }),
  plain('-O check finds no master', ['-O', 'check', 'box']),
  plain('-S none runs without a master', ['-S', 'none', 'box', 'echo x']),
  plain('-y sends what goes wrong to the system log', ['-y', 'nobody', 'true']),
  plain('-E writes what goes wrong to a file', ['-E', '{dir}/log', 'nobody', 'true'], {
    shell: '"$@"; echo $?; cat log',
  }),
  plain('-q keeps quiet about a refused connection', ['-q', 'nobody', 'true']),
  plain('-q keeps quiet about a refused login', ['-q', 'keyless', 'true']),
  plain('-q leaves the command its own words', ['-q', 'box', 'echo err >&2; exit 3']),
  plain('LogLevel QUIET keeps quiet about a refused connection', [
    ...['-o', 'LogLevel=QUIET', 'nobody', 'true'],
  ]),
  plain('LogLevel ERROR keeps quiet about the terminal that is not there', [
    ...['-o', 'LogLevel=ERROR', '-t', 'box', 'echo x'],
  ]),
  plain('-v changes nothing but standard error', ['-v', 'box', 'echo x; exit 3'], {
    differs: { in: ['stderr'], why: 'its own notes' },
  }),
];
