/** Our own keep-alive where the user set none: `ssh` alone would wait for ever. */
export const KEEPALIVE = { intervalMs: 15_000, countMax: 3 } as const;
