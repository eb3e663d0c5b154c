/**
 * The command that asks a host for its resources, for any login shell: one line of POSIX sh, with GNU
 * tools, busybox or macOS. A line of its own stands before what each part prints.
 */

/** What a part is called in the output. */
export type Part = (typeof PARTS)[number][0];

export const MARKER = '--sshpool--';

/** Until the second look at the processors: long enough to see work, short enough to wait for. */
const SAMPLE = 'sleep 0.2 2>/dev/null || sleep 1';
const CPU = 'grep "^cpu " /proc/stat 2>/dev/null';

/**
 * A file system of another machine may not answer, and df asks all of them: without its answer there are
 * no disks, and the rest all the same. Only KILL ends what waits for such a file system. Where there is
 * no timeout(1), as on macOS, it is waited for.
 */
const LIMITED = 'timeout -s KILL 3';
const DF = 'df -kP 2>/dev/null';
const DISKS = `if ${LIMITED} true 2>/dev/null; then ${LIMITED} ${DF}; else ${DF}; fi`;

/** Each with what it runs; what is not there prints nothing. */
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
  // What comes after it shows that nothing was cut off.
  ['end', ':'],
] as const;

// Neither single quotes nor line breaks nor exclamation marks: csh and fish leave it as it is.
const PATHS = 'PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin; export PATH';
const SCRIPT = PARTS.map(([name, command]) => `echo ${MARKER}${name}; ${command}`).join('; ');

// No assignment before `sh`: csh has none.
export const RESOURCES_COMMAND = `exec sh -c 'LC_ALL=C; export LC_ALL; ${PATHS}; ${SCRIPT}'`;
