/** The server's identification (RFC 4253 section 4.2), after other lines; ssh2 reads it only as a whole. */

/** OpenSSH's limits (kex.c, ssh.h); RFC 4253 allows 255 for the line itself, and ssh accepts more. */
const MAX_LINE_BYTES = 8192;
const MAX_LINES = 1024;
const MAX_SAID = 200;

const LF = 10;
const MARK = Buffer.from('SSH-');
const NOTHING = Buffer.alloc(0);

export class Identification {
  #line = NOTHING;
  #lines = 0;
  #said = '';

  /** The start of the text that arrived instead; ssh does not show it. */
  get said(): string {
    return (this.#said || this.#line.toString()).trim().slice(0, MAX_SAID);
  }

  /** @throws Error in ssh's words; returns the line, once it is complete, and all that follows */
  take(chunk: Buffer): Buffer | undefined {
    let rest = this.#line.length === 0 ? chunk : Buffer.concat([this.#line, chunk]);
    for (;;) {
      const end = rest.indexOf(LF);
      const line = end < 0 ? rest : rest.subarray(0, end);
      check(line);
      if (end < 0) break;
      if (line.length > MARK.length && line.subarray(0, MARK.length).equals(MARK)) {
        checkVersion(line.toString('latin1').trimEnd());
        return rest;
      }
      this.#skip(line);
      rest = rest.subarray(end + 1);
    }
    this.#line = Buffer.from(rest);
    return undefined;
  }

  #skip(line: Buffer): void {
    this.#said ||= line.toString().trim();
    this.#lines++;
    if (this.#lines >= MAX_LINES) {
      throw invalid(`No SSH version received in first ${MAX_LINES} lines from server`);
    }
  }
}

function check(line: Buffer): void {
  if (line.length > MAX_LINE_BYTES + 1) throw invalid('banner line too long');
  // A carriage return belongs right before the line feed.
  if (/\r[^\r]|\0/.test(line.toString('latin1'))) {
    throw invalid('banner line contains invalid characters');
  }
}

/** With the name of ssh's function, as in its message. */
function invalid(problem: string): Error {
  return new Error(`kex_exchange_identification: ${problem}`);
}

/** As ssh (kex.c); 1.99 is a server that speaks the old version too (RFC 4253 section 5.1). */
function checkVersion(line: string): void {
  const [, major, minor] = /^SSH-(\d+)\.(\d+)-./.exec(line) ?? [];
  if (major === undefined) {
    throw new Error(`Bad remote protocol version identification: '${line}'`);
  }
  if (major !== '2' && `${major}.${minor}` !== '1.99') {
    throw new Error(`Protocol major versions differ: 2 vs. ${major}`);
  }
}
