/** The size of a terminal (RFC 4254 section 6.7, TIOCGWINSZ) in characters and in pixels; 0 if unknown. */
export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}
