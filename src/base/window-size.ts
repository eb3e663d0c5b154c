/** The size of a terminal, as RFC 4254 section 6.7 and TIOCGWINSZ have it; 0 where it is not known. */
export interface WindowSize {
  /** In characters. */
  readonly columns: number;
  readonly rows: number;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}
