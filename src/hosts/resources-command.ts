/** Asks a host for its resources: one line of POSIX sh for any login shell; GNU tools, busybox or macOS. */

export type Part = (typeof PARTS)[number][0];

export const MARKER = '--sshpool--';

/** Between the two CPU samples: long enough to see load, short enough to wait for. */
const SAMPLE = 'sleep 0.2 2>/dev/null || sleep 1';
const CPU = 'grep "^cpu " /proc/stat 2>/dev/null';

/** df may wait for a network file system; only KILL ends that. Without timeout(1) (macOS) it waits. */
const LIMITED = 'timeout -s KILL 3';
const DF = 'df -kP 2>/dev/null';
const DISKS = `if ${LIMITED} true 2>/dev/null; then ${LIMITED} ${DF}; else ${DF}; fi`;

/** A missing source prints nothing. */
const PARTS = [
  ['system', 'uname -s'],
  ['hostname', 'hostname 2>/dev/null || uname -n'],
  ['cpu-before', CPU],
  ['uptime', 'cat /proc/uptime 2>/dev/null || sysctl -n kern.boottime 2>/dev/null'],
  ['now', 'date +%s'],
  ['load', 'cat /proc/loadavg 2>/dev/null || sysctl -n vm.loadavg 2>/dev/null'],
  [
    'cores',
    'getconf _NPROCESSORS_ONLN 2>/dev/null || nproc 2>/dev/null || ' +
      'grep -c "^processor" /proc/cpuinfo 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null',
  ],
  ['memory', 'cat /proc/meminfo 2>/dev/null || { sysctl -n hw.memsize; vm_stat; } 2>/dev/null'],
  ['disks', DISKS],
  ['cpu-after', `${SAMPLE}; ${CPU}`],
  // Its marker shows that nothing was cut off.
  ['end', ':'],
] as const;

// No single quotes, line breaks or exclamation marks: csh and fish leave it unchanged.
const PATHS = 'PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin; export PATH';
const SCRIPT = PARTS.map(([name, command]) => `echo ${MARKER}${name}; ${command}`).join('; ');

// No assignment before `sh`: csh does not support it.
export const RESOURCES_COMMAND = `exec sh -c 'LC_ALL=C; export LC_ALL; ${PATHS}; ${SCRIPT}'`;
