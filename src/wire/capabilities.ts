/** The capabilities that a caller may announce in its hello. */
export const CAPABILITIES = {
  ask: 'questions (host keys, passphrases) reach a person through this caller',
  json: 'exec --json: this caller collects the streams and prints the result object',
  delegate: 'this caller cannot do everything: answer with delegate what it must hand over',
  ssh: 'this caller runs the real ssh where the agent leaves a call to it (as with delegate)',
  words: 'this caller prints the message words; to others its lines go as notes',
} as const;
