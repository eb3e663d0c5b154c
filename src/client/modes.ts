/**
 * The modes of a terminal as `stty -a` (POSIX) prints them, in the encoding of RFC 4254 section 8, in
 * the order in which ssh sends them (ttymodes.h). Pure.
 */
import { Writer } from '../base/bytes.ts';
import type { WindowSize } from './terminal.ts';

const TTY_OP_END = 0;
const TTY_OP_ISPEED = 128;
const TTY_OP_OSPEED = 129;
/** What a character that is switched off is sent as. */
const DISABLED = 255;

const CHARACTERS: Readonly<Record<string, number>> = {
  intr: 1,
  quit: 2,
  erase: 3,
  kill: 4,
  eof: 5,
  eol: 6,
  eol2: 7,
  start: 8,
  stop: 9,
  susp: 10,
  dsusp: 11,
  rprnt: 12,
  reprint: 12,
  werase: 13,
  lnext: 14,
  status: 17,
  discard: 18,
};

const FLAGS: readonly (readonly [opcode: number, ...names: string[]])[] = [
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
  // Two bits tell of four sizes: these are the ones that are set.
  [90, 'cs7', 'cs8'],
  [91, 'cs6', 'cs7', 'cs8'],
  [92, 'parenb'],
  [93, 'parodd'],
];

/** @returns the encoded modes */
export function encodeModes(printed: string): Buffer {
  const to = new Writer();
  const mode = (opcode: number, value: number): void => void to.byte(opcode).u32(value);
  const speed = Number(/speed (\d+) baud/.exec(printed)?.[1] ?? 9600);
  mode(TTY_OP_OSPEED, speed);
  mode(TTY_OP_ISPEED, speed);
  const characters = [...printed.matchAll(/(\w+) = ([^;\s]+)/g)]
    .map(([, name = '', value = '']) => [CHARACTERS[name], byteOf(value)] as const)
    .filter((pair): pair is readonly [number, number] => pair[0] !== undefined);
  for (const [opcode, value] of characters.toSorted(([a], [b]) => a - b)) mode(opcode, value);
  const flags = new Map(
    [...printed.matchAll(/(?<![\w=^\\-])(-?)([a-z]\w*)(?! =)(?=[\s;]|$)/g)].map(
      ([, minus, name = '']) => [name, minus === ''],
    ),
  );
  for (const [opcode, ...names] of FLAGS) {
    const known = names.filter((name) => flags.has(name));
    const isTold = known.length > 0 || opcode >= 90;
    if (isTold) mode(opcode, known.some((name) => flags.get(name)) ? 1 : 0);
  }
  return to.byte(TTY_OP_END).finish();
}

/** In pixels it is not told. */
export function readSize(printed: string): WindowSize {
  const number = (name: string): number =>
    Number(
      new RegExp(`${name} =? ?(\\d+)|(\\d+) ${name}`).exec(printed)?.slice(1).find(Boolean) ?? 0,
    );
  return { columns: number('columns'), rows: number('rows'), width: 0, height: 0 };
}

/** `^C`, `^?`, `M-^A`, a character that stands for itself, or `<undef>`. */
function byteOf(text: string): number {
  if (text === '<undef>' || text === 'undef' || text === '^-') return DISABLED;
  if (text.startsWith('M-')) return 0x80 | byteOf(text.slice(2));
  if (text === '^?') return 0x7f;
  return text.startsWith('^') && text.length === 2 ? text.charCodeAt(1) & 0x1f : text.charCodeAt(0);
}
