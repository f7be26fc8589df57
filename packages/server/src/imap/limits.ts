/**
 * Bounds of an IMAP session, with the reason beside each. Those of the grammar are in
 * formats/imap/limits.ts; connections and errors in the configuration.
 */

export const imapLimits = {
  /** All lines and literals of one command before login: names and passwords, and tokens. */
  commandBeforeLoginOctetsMax: 32 * 1024,
  /** What a client sends unasked and nobody wants is read and dropped up to this. */
  droppedOctetsMax: 128 * 1024 * 1024,
  /** The same before login. */
  droppedBeforeLoginOctetsMax: 64 * 1024,
  /** Autologout: RFC 9051 §5.4 asks for at least 30 minutes once somebody is logged in. */
  idleTimeoutMs: 31 * 60_000,
  /** QUIRK: as in POP3, shorter before login; nobody types IMAP by hand. */
  greetingTimeoutMs: 120_000,
  /** All in all: an octet now and then would keep a place for ever. */
  loginWithinMs: 10 * 60_000,
  /** As `greetingTimeoutMs`, when places run short. */
  stressedTimeoutMs: 10_000,
  /** The rest of a command that has begun, and each piece of a literal. */
  restTimeoutMs: 180_000,
  /** Wrong passwords in one connection. */
  failedLoginsMax: 5,
  /** Clients need about six of them. */
  commandsBeforeLoginMax: 50,
  /** Turns of one SASL exchange; none of ours has more than four. */
  saslStepsMax: 10,
  /** Small replies to pipelined commands leave together, up to this. */
  replyOctetsMax: 32 * 1024,
  /** Messages of a listing that are asked of the store at a time, when flags and uids suffice. */
  lightRowsMax: 4096,
  /** The same when the index has all of the answer at hand. */
  fixedRowsMax: 1024,
  /** The same with dates and sizes, and where messages are opened. */
  rowsMax: 256,
  /** A message up to this size is in memory while it is answered; a larger one streams by. */
  messageInMemoryOctetsMax: 1024 * 1024,
  /** Messages whose reading is told to their journeys at a time, and how long they wait for it. */
  readNotesMax: 1000,
  readNotesEveryMs: 500,
  /** How long a listing waits for the index to tell conversations of messages that are new. */
  threadWaitMs: 2000,
  /** While a command works on something long, the client hears of it. RFC 9585 §3. */
  progressEveryMs: 10_000,
  /** A client must take each such piece of an answer within the drain timeout, or it is cut. */
  sliceOctetsMax: 64 * 1024,
  /**
   * A view that is asked for the newest messages alone looks at so many uids at the end of the
   * mailbox: a page of 50 is among them, a phone's first look too.
   */
  tailUids: 4096,
  /** Changes asked of the store at a time. */
  changesMax: 1000,
  /** Messages of one APPEND together, when there are several: small ones wait in memory. */
  appendOctetsMax: 32 * 1024 * 1024,
  /** A message with NUL up to this size is in memory while its parts are put into base64. */
  binaryOctetsMax: 4 * 1024 * 1024,
  /** Messages whose flags are changed in one transaction: others wait for it. */
  editedAtOnceMax: 10_000,
  /** Messages looked at, and expunged in one transaction, at a time. */
  expungedAtOnceMax: 10_000,
  /** SELECT tells the first unseen message (a favour of rev1) up to so many messages. */
  firstUnseenMax: 20_000,
  /** Keywords told of an open mailbox, also those given up meanwhile: FLAGS is one line. */
  keywordsToldMax: 1000,
  /** Own changes that a session keeps in mind, so as not to tell them to itself. */
  ownChangesMax: 256,
  /** THREAD holds some hundred octets for each message, and keeps others waiting a moment. */
  threadedMessagesMax: 250_000,
  /** Searches of one session that are followed (RETURN (UPDATE)), and what each may have found. */
  contextsMax: 8,
  contextMessagesMax: 100_000,
  /** Mailboxes with mail of which no session was told: of more nothing is recent. */
  untoldMailboxesMax: 100_000,
  /** UIDs that can be recent at once: their numbers are at the end of the mailbox (`tailUids`). */
  recentUidsMax: 4096,
  /** Runs of recent messages in an open mailbox; those before are recent no more. */
  recentRangesMax: 100,
  /** Edits of accounts and passwords are taken together for so long before sessions look. */
  directoryPauseMs: 500,
  /** When stopping: an answer under way may be finished within this. */
  stopGraceMs: 10_000,
} as const;
