import { describe, expect, it } from 'vitest';
import { encodeModes, readStty } from '../../../../src/client/terminal/terminal-modes.ts';

/** GNU coreutils 9.1 on Linux. */
const GNU = `speed 38400 baud; rows 24; columns 80; line = 0;
intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = M-^?;
eol2 = <undef>; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R;
werase = ^W; lnext = ^V; discard = ^O; min = 1; time = 0;
-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts
-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr icrnl ixon -ixoff
-iuclc -ixany -imaxbel iutf8
opost -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0
isig icanon iexten echo echoe echok -echonl -noflsh -xcase -tostop -echoprt
echoctl echoke -flusho -extproc
`;

/** As macOS prints it. */
const BSD = `speed 9600 baud; 25 rows; 90 columns;
lflags: icanon isig iexten echo echoe -echok echoke -echonl echoctl
	-echoprt -altwerase -noflsh -tostop -flusho pendin -nokerninfo
	-extproc
iflags: -istrip icrnl -inlcr -igncr ixon -ixoff ixany imaxbel iutf8
	-ignbrk brkint -inpck -ignpar -parmrk
oflags: opost onlcr -oxtabs -onocr -onlret
cflags: cread cs7 parenb -parodd hupcl -clocal -cstopb -crtscts -dsrflow
	-dtrflow -mdmbuf
cchars: discard = ^O; dsusp = ^Y; eof = ^D; eol = <undef>;
	eol2 = <undef>; erase = ^?; intr = ^C; kill = ^U; lnext = ^V;
	min = 1; quit = ^\\; reprint = ^R; start = ^Q; status = ^T;
	stop = ^S; susp = ^Z; time = 0; werase = ^W;
`;

function modes(text: string): [number, number][] {
  const encoded = encodeModes(readStty(text));
  expect([encoded.length % 5, encoded.at(-1)]).toEqual([1, 0]);
  return Array.from({ length: (encoded.length - 1) / 5 }, (_, index) => [
    encoded.readUInt8(index * 5),
    encoded.readUInt32BE(index * 5 + 1),
  ]);
}

const speeds = (text: string): [number, number][] =>
  modes(GNU.replace('speed 38400 baud', text)).slice(0, 2);

describe('the modes of a terminal', () => {
  it('of Linux are those that ssh sends, in its order', () => {
    expect(modes(GNU)).toEqual([
      [129, 38_400],
      [128, 38_400],
      ...[3, 28, 127, 21, 4, 255, 255, 17, 19, 26].map((value, index) => [index + 1, value]),
      ...[
        [12, 18],
        [13, 23],
        [14, 22],
        [18, 15],
      ],
      ...[0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1].map((value, index) => [30 + index, value]),
      ...[1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0].map((value, index) => [50 + index, value]),
      ...[1, 0, 1, 0, 0, 0].map((value, index) => [70 + index, value]),
      ...[1, 1, 0, 0].map((value, index) => [90 + index, value]),
    ]);
  });

  it('of macOS are those that the system has', () => {
    const all = new Map(modes(BSD));
    // VDSUSP, VSTATUS, VREPRINT, PENDIN, CS7, CS8, PARENB
    expect([11, 17, 12, 62, 90, 91, 92].map((opcode) => all.get(opcode))).toEqual([
      25, 20, 18, 1, 1, 1, 1,
    ]);
    // IUCLC, XCASE, OLCUC
    expect([37, 52, 71].some((opcode) => all.has(opcode))).toBe(false);
  });

  it('name both speeds if they differ, and 9600 for a speed that ssh does not know', () => {
    expect(speeds('ispeed 1200 baud; ospeed 19200 baud')).toEqual([
      [129, 19_200],
      [128, 1200],
    ]);
    expect(speeds('speed 4000000 baud')).toEqual([
      [129, 9600],
      [128, 9600],
    ]);
  });

  it.each([
    ['x', 120],
    [';', 59],
    ['^^', 30],
    ['M-^C', 131],
    ['M-a', 225],
    ['^', 94],
  ])('read %j as the character %i', (shown, value) => {
    expect(modes(GNU.replace('intr = ^C;', `intr = ${shown};`))).toContainEqual([1, value]);
  });
});

describe('the size of a terminal', () => {
  it.each([
    [GNU, { rows: 24, columns: 80 }],
    [BSD, { rows: 25, columns: 90 }],
    ['', { rows: 0, columns: 0 }],
  ])('is read from stty', (text, size) => {
    expect(readStty(text)).toMatchObject(size);
  });
});
