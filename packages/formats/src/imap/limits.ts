/** Bounds of IMAP's grammar, with the reason beside each. Mailbox names have theirs here too. */

export const imapLimits = {
  /**
   * One line, CRLF not counted. RFC 9051 §4 asks for none, RFC 7162 §4 tells clients to stay below
   * 8192; Thunderbird and mbsync send sets of tens of thousands of numbers in one line.
   */
  lineOctetsMax: 65_536,
  /** A literal that is collected: a name, a search text, a metadata value. RFC 5464 §3.3.1. */
  literalOctetsMax: 65_536,
  /** A literal that is sent without asking, under LITERAL-. RFC 7888 §5. */
  nonSyncLiteralOctetsMax: 4096,
  /** Lines and collected literals of one command together. */
  commandOctetsMax: 262_144,
  /** Literals of one command: a search with as many texts is nobody's. */
  literalsMax: 256,
  /** RFC 9051 §9: 64 bits; 2^53 is nearly a thousand times the largest disk. */
  numberDigitsMax: 20,
  tagOctetsMax: 255,
  /** RFC 9051 §9, nz-number: 2^32 - 1. */
  numberMax: 4_294_967_295,
  /** Parentheses, NOT, OR and FUZZY of a search, in depth. */
  searchDepthMax: 250,
  /** Keys of one search, all told. */
  searchKeysMax: 2000,
  sortCriteriaMax: 16,
  fetchItemsMax: 200,
  /** Names in one HEADER.FIELDS. */
  headerFieldsMax: 200,
  /** RFC 5322 §2.1.1: a field name is on one line. */
  headerNameOctetsMax: 998,
  /** Numbers in a section, as in BODY[1.2.3]: messages are read no deeper. */
  sectionDepthMax: 100,
  /** Flags and keywords of one STORE or APPEND. */
  flagsMax: 200,
  /** One keyword. */
  flagOctetsMax: 255,
  /** Parameters of ID. RFC 2971 §3.3. */
  idFieldsMax: 30,
  idKeyOctetsMax: 30,
  idValueOctetsMax: 1024,
  /** Patterns of one LIST, options, mailboxes of one NOTIFY, ESEARCH or GETMETADATA, entries. */
  listEntriesMax: 1000,
  /** Messages of one MULTIAPPEND. RFC 3502. */
  appendMessagesMax: 10_000,
  /** Parts of one CATENATE. RFC 4469. */
  catenatePartsMax: 1000,
  /** An answer to an AUTHENTICATE challenge, in base64. RFC 4422 §4, as SMTP's and POP3's. */
  saslOctetsMax: 65_536,
  /** Levels of a mailbox name. */
  mailboxLevelsMax: 64,
  /** Octets of one level, in UTF-8: what file systems of backups and exports can name. */
  mailboxLevelOctetsMax: 255,
  /** Octets of a whole mailbox name, in UTF-8. */
  mailboxOctetsMax: 4096,
  /** A pattern of LIST, in UTF-8. */
  patternOctetsMax: 8192,
  /** A metadata entry name. RFC 5464 §3.2. */
  entryNameOctetsMax: 1024,
} as const;
