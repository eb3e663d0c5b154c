/**
 * What a server has shown that its connections take. Many devices (switches, routers, appliances) close
 * the connection when a second session or a spare is opened, or when the first session ends.
 */

/**
 * `unmet`: nothing is known. `untried`: one session at a time, and a trial as soon as it has ended.
 * `tried`: it takes a second session; a spare only while no command runs that would be lost with it.
 * `proven`: it keeps spares too. `single`: one connection for each session, as with ssh.
 */
export type Grade = 'unmet' | 'untried' | 'tried' | 'proven' | 'single';

/**
 * `known`: its version is on the list of good ones; `unknown`: it is not. `took-two`: it had two
 * sessions, and went on when one ended. `kept`: it kept a spare for a while. `died-early`: a connection
 * ended during the trial, or before it was used again; once, this may be the network or a restart.
 * `used-again`: a connection served a second command. `died`: EARLY_DEATHS in a row died early.
 */
export type Finding =
  'known' | 'unknown' | 'took-two' | 'kept' | 'died-early' | 'used-again' | 'died';

/** After this many early ends in a row the server is the cause; those within MOMENT_MS count once. */
export const EARLY_DEATHS = 3;
export const MOMENT_MS = 1000;

/** All transitions; a finding without an entry changes nothing. */
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
