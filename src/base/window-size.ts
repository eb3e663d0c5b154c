/** The size of a terminal as in RFC 4254 section 6.7 and TIOCGWINSZ; 0 if unknown. */
export interface WindowSize {
  /** In characters. */
  readonly columns: number;
  readonly rows: number;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}
