// @ts-check
/** The kinds of Linux machine for which the package has a launcher. */

/** @typedef {{ name: string, target: string, flags: readonly string[], package: string }} Machine
 *   `name`: as uname(1) prints it; `target`: the prefix of the compiler; `package`: Debian's, with the compiler */

/**
 * `arm` uses no floating-point unit: it runs on every 32-bit ARM. musl knows no other long double on ppc64le.
 * @type {readonly Machine[]}
 */
export const MACHINES = [
  { name: 'x86_64', target: 'x86_64-linux-gnu', flags: [], package: 'gcc-x86-64-linux-gnu' },
  { name: 'aarch64', target: 'aarch64-linux-gnu', flags: [], package: 'gcc-aarch64-linux-gnu' },
  { name: 'arm', target: 'arm-linux-gnueabi', flags: [], package: 'gcc-arm-linux-gnueabi' },
  { name: 'riscv64', target: 'riscv64-linux-gnu', flags: [], package: 'gcc-riscv64-linux-gnu' },
  {
    name: 'ppc64le',
    target: 'powerpc64le-linux-gnu',
    flags: ['-mlong-double-64'],
    package: 'gcc-powerpc64le-linux-gnu',
  },
];
