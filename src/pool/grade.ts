/**
 * What a server has shown that its connections take. Many devices (switches, routers, appliances) end
 * a connection for a second session, for one that waits, or when the first one ends.
 */

/**
 * `unmet`: nothing is known. `untried`: one session at a time, and a trial as soon as it has ended.
 * `tried`: it takes a second session beside the first; a spare only while nothing runs that it could
 * cost its life. `proven`: it keeps spares too. `single`: a connection for each session, as with ssh.
 */
export type Grade = 'unmet' | 'untried' | 'tried' | 'proven' | 'single';

/**
 * `known`: its version is one of those that are known to be good; `unknown`: it is not. `took-two`: it
 * had two sessions, and went on when one ended. `kept`: it kept a spare for a while. `died-early`: a
 * connection ended at the trial, or before it was used again; once, which may have been the network or
 * a restart. `used-again`: a connection was. `died`: that was so often enough.
 */
export type Finding =
  'known' | 'unknown' | 'took-two' | 'kept' | 'died-early' | 'used-again' | 'died';

/** So many connections in a row that ended early were ended by the server; those of one moment count once. */
export const EARLY_DEATHS = 3;
export const MOMENT_MS = 1000;

/** All moves; what is not here changes nothing. */
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

/** OpenSSH of any age takes ten sessions, and so does dropbear of the last ten years. */
const KNOWN = /^(?:OpenSSH_(?:\d|for_Windows_)|dropbear_20(?:1[6-9]|[2-9]\d))/;

export function firstFinding(serverVersion: string): Finding {
  return KNOWN.test(serverVersion) ? 'known' : 'unknown';
}
