/** Encodes what stty(1) prints as RFC 4254 section 8: the modes that ssh sends, in its order (ttymodes.h). */

/** `stty -a` in the C locale, as GNU, busybox and BSD print it. */
export interface SttyReport {
  /** The words without a value: `icanon`, or `-icanon` where it is off. */
  readonly flags: ReadonlySet<string>;
  readonly characters: ReadonlyMap<string, number>;
  readonly inputSpeed: number;
  readonly outputSpeed: number;
  readonly columns: number;
  readonly rows: number;
}

const [END, INPUT_SPEED, OUTPUT_SPEED] = [0, 128, 129];
/** RFC 4254's value for an undefined character; systems use their own. */
const NO_CHARACTER = 255;

/** Some have two names. */
const CHARACTERS: readonly (readonly [opcode: number, ...names: string[]])[] = [
  [1, 'intr'],
  [2, 'quit'],
  [3, 'erase'],
  [4, 'kill'],
  [5, 'eof'],
  [6, 'eol'],
  [7, 'eol2'],
  [8, 'start'],
  [9, 'stop'],
  [10, 'susp'],
  [11, 'dsusp'],
  [12, 'rprnt', 'reprint'],
  [13, 'werase'],
  [14, 'lnext'],
  [17, 'status'],
  [18, 'discard', 'flush'],
];

const FLAGS: readonly (readonly [opcode: number, name: string])[] = [
  [30, 'ignpar'],
  [31, 'parmrk'],
  [32, 'inpck'],
  [33, 'istrip'],
  [34, 'inlcr'],
  [35, 'igncr'],
  [36, 'icrnl'],
  [37, 'iuclc'],
  [38, 'ixon'],
  [39, 'ixany'],
  [40, 'ixoff'],
  [41, 'imaxbel'],
  [42, 'iutf8'],
  [50, 'isig'],
  [51, 'icanon'],
  [52, 'xcase'],
  [53, 'echo'],
  [54, 'echoe'],
  [55, 'echok'],
  [56, 'echonl'],
  [57, 'noflsh'],
  [58, 'tostop'],
  [59, 'iexten'],
  [60, 'echoctl'],
  [61, 'echoke'],
  [62, 'pendin'],
  [70, 'opost'],
  [71, 'olcuc'],
  [72, 'onlcr'],
  [73, 'ocrnl'],
  [74, 'onocr'],
  [75, 'onlret'],
];

/** The character size is one word of stty, but two flags of ssh that share a bit. */
const CHARACTER_SIZES: readonly (readonly [opcode: number, ...sizes: string[]])[] = [
  [90, 'cs7', 'cs8'],
  [91, 'cs6', 'cs7', 'cs8'],
];

const PARITY: typeof FLAGS = [
  [92, 'parenb'],
  [93, 'parodd'],
];

/** ssh, too, sends 9600 for any other speed. */
const SPEEDS: ReadonlySet<number> = new Set([
  ...[0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19_200, 38_400],
  ...[57_600, 115_200, 230_400],
]);

export function readStty(text: string): SttyReport {
  const characters = new Map<string, number>();
  const rest = text.replace(/(\w+) = (.+?);/g, (_, name: string, value: string) => {
    characters.set(name, characterOf(value));
    return '';
  });
  const numberOf = (...patterns: readonly RegExp[]): number => {
    const found = patterns.map((pattern) => pattern.exec(rest)?.[1]).find((value) => value);
    return Number(found ?? 0);
  };
  return {
    characters,
    flags: new Set(rest.match(/(?<=\s)-?[a-z][a-z0-9]*(?=\s|$)/g)),
    inputSpeed: numberOf(/\bispeed (\d+) baud/, /\bspeed (\d+) baud/),
    outputSpeed: numberOf(/\bospeed (\d+) baud/, /\bspeed (\d+) baud/),
    columns: numberOf(/\bcolumns (\d+)/, /(\d+) columns/),
    rows: numberOf(/\brows (\d+)/, /(\d+) rows/),
  };
}

/** `^C`, `M-^C`, `<undef>`, or the character itself. */
function characterOf(value: string): number {
  if (value === '<undef>' || value === 'undef') return NO_CHARACTER;
  if (value.startsWith('M-') && value.length > 2) return characterOf(value.slice(2)) | 0x80;
  if (value === '^?') return 0x7f;
  if (value.length === 2 && value.startsWith('^')) return value.charCodeAt(1) & 0x1f;
  return value.charCodeAt(0) & 0xff;
}

/** For a pty-req. As in ssh, modes that the system lacks are left out. */
export function encodeModes(report: SttyReport): Buffer {
  const { characters, flags } = report;
  const modes: [opcode: number, value: number][] = [
    [OUTPUT_SPEED, speedOf(report.outputSpeed)],
    [INPUT_SPEED, speedOf(report.inputSpeed)],
  ];
  for (const [opcode, ...names] of CHARACTERS) {
    const value = names.map((name) => characters.get(name)).find((each) => each !== undefined);
    if (value !== undefined) modes.push([opcode, value]);
  }
  const add = ([opcode, name]: readonly [number, string]): void => {
    if (flags.has(name)) modes.push([opcode, 1]);
    else if (flags.has(`-${name}`) || isUnnamed(name, flags)) modes.push([opcode, 0]);
  };
  for (const flag of FLAGS) add(flag);
  for (const [opcode, ...sizes] of CHARACTER_SIZES) {
    modes.push([opcode, sizes.some((size) => flags.has(size)) ? 1 : 0]);
  }
  for (const flag of PARITY) add(flag);
  const bytes = Buffer.alloc(modes.length * 5 + 1, END);
  for (const [index, [opcode, value]] of modes.entries()) {
    bytes.writeUInt8(opcode, index * 5);
    bytes.writeUInt32BE(value, index * 5 + 1);
  }
  return bytes;
}

function speedOf(baud: number): number {
  return SPEEDS.has(baud) ? baud : 9600;
}

/** PENDIN: Linux has it but stty does not print it there. It is a momentary state, sent as off. */
function isUnnamed(name: string, flags: ReadonlySet<string>): boolean {
  return name === 'pendin' && (flags.has('iuclc') || flags.has('-iuclc'));
}
