/** Bounds of what a client takes from an IMAP server, with the reason beside each. */

export const responseLimits = {
  /** `* SEARCH` names every message on one line: a million of them take eight million octets. */
  lineOctetsMax: 16_777_216,
  /** A literal that is collected: a large message. Larger ones are streamed. */
  literalOctetsMax: 67_108_864,
  /** Lines and collected literals of one response together. */
  responseOctetsMax: 134_217_728,
  /** Literals of one response: header fields and parts asked for together, an envelope's names. */
  literalsMax: 10_000,
  /** Parentheses in parentheses: a thread's replies, a structure's parts. */
  depthMax: 200,
  /** Octets of a message can be this large and no larger: nine thousand terabytes. */
  numberDigitsMax: 16,
} as const;
