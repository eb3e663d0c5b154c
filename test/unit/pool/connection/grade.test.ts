import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  firstFinding,
  gradeAfter,
  GRADES,
  type Finding,
  type Grade,
} from '../../../../src/pool/connection/grade.ts';

const findings = fc.array(
  fc.constantFrom<Finding>(
    'known',
    'unknown',
    'took-two',
    'kept',
    'died',
    'died-early',
    'used-again',
  ),
);
const after = (list: readonly Finding[], from: Grade = 'unmet'): Grade =>
  list.reduce(gradeAfter, from);

test.each([
  ['OpenSSH_9.2p1 Debian-2', 'known'],
  ['OpenSSH_10.6', 'known'],
  ['OpenSSH_5.3', 'known'],
  ['OpenSSH_for_Windows_9.5', 'known'],
  ['OpenSSH', 'unknown'],
  ['dropbear_2022.83', 'known'],
  ['dropbear_2012.55', 'unknown'],
  ['dropbear_0.52', 'unknown'],
  ['Cisco-1.25', 'unknown'],
  ['ROSSSH', 'unknown'],
  ['Not_OpenSSH_9.2', 'unknown'],
  ['', 'unknown'],
])('a server with the version "%s" is %s', (version, finding) => {
  expect(firstFinding(version)).toBe(finding);
});

test('a server that ends connections keeps this grade, whatever is found later', () => {
  fc.assert(
    fc.property(findings, findings, (before, later) => {
      expect(after(later, after([...before, 'died']))).toBe('single');
    }),
  );
});

test('the pool opens spares only at a server that is known, or that was tried and kept one', () => {
  fc.assert(
    fc.property(findings, (list) => {
      fc.pre(after(list) === 'proven');
      const tried = list.indexOf('took-two');
      const isShown = tried >= 0 && list.indexOf('kept', tried) > tried;
      expect(isShown || list.includes('known')).toBe(true);
    }),
  );
});

test('one early end and one further use do not change the grade', () => {
  for (const grade of Object.keys(GRADES) as Grade[]) {
    expect(after(['died-early', 'used-again'], grade)).toBe(grade);
  }
});
