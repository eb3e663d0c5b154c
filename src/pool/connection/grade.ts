/** What a server takes. Many devices close the connection at a second session, or when the first ends. */

/**
 * `untried`: one session at a time, and a trial as soon as it has ended. `tried`: a second session, but a
 * spare only while no command runs. `proven`: spares too. `single`: one connection for each, as with ssh.
 */
export type Grade = 'unmet' | 'untried' | 'tried' | 'proven' | 'single';

/**
 * `known`: its version is on the list of good ones. `took-two`: it passed the trial. `kept`: it kept a spare
 * for a while. `died-early`: a connection ended before it was used again, or ended or fell silent in the
 * trial. `used-again`: it served a second command. `died`: EARLY_DEATHS in a row.
 */
export type Finding =
  'known' | 'unknown' | 'took-two' | 'kept' | 'died-early' | 'used-again' | 'died';

/** With this many in a row the cause is the server, and not the network. Those within MOMENT_MS count once. */
export const EARLY_DEATHS = 3;
export const MOMENT_MS = 1000;

/** A finding without an entry changes nothing. */
export const GRADES: Readonly<Record<Grade, Readonly<Partial<Record<Finding, Grade>>>>> = {
  unmet: { known: 'proven', unknown: 'untried', died: 'single' },
  untried: { known: 'proven', 'took-two': 'tried', died: 'single' },
  tried: { known: 'proven', kept: 'proven', died: 'single' },
  proven: { died: 'single' },
  single: {},
};

export function gradeAfter(grade: Grade, finding: Finding): Grade {
  return GRADES[grade][finding] ?? grade;
}

/** Every OpenSSH version takes ten sessions, and so does dropbear since 2016. */
const KNOWN = /^(?:OpenSSH_(?:\d|for_Windows_)|dropbear_20(?:1[6-9]|[2-9]\d))/;

export function firstFinding(serverVersion: string): Finding {
  return KNOWN.test(serverVersion) ? 'known' : 'unknown';
}
