/**
 * Bounds of the message readers. What lies beyond one is left out of the reading and named as a
 * fault; nothing is refused here: whether to accept such a message is decided by who reads it.
 */

/** Bounds of one head, or of each part's head. */
export const headLimits = {
  /**
   * Octets of a head that are read into fields. Postfix cuts at 100 KiB, Exim refuses above 1
   * MiB; long lists of recipients and chains of trace fields (ARC, DKIM, Received) reach 100 KiB
   * in real mail.
   */
  headBytesMax: 256 * 1024,
  /**
   * Real messages have up to some hundred fields; each one costs memory and work in every check.
   */
  fieldsMax: 2000,
} as const;

export const mimeLimits = {
  /** Multiparts and messages within each other. Real mail stays below 20; Dovecot stops at 100. */
  depthMax: 64,
  /**
   * Digests of busy lists hold a few hundred parts; each part costs about 1 KB while it is read.
   */
  partsMax: 5000,
  /** Heads of all parts together, since the tree keeps them. */
  headBytesTotalMax: 4 * 1024 * 1024,
  /** RFC 2046 §5.1.1 allows 70; a few old senders write longer ones. */
  boundaryBytesMax: 200,
  /** A delimiter line with its trailing white space; a longer line is no delimiter. */
  delimiterBytesMax: 998,
} as const;

export const parameterLimits = {
  /** Characters of one value, its pieces put together: names of files end at 255 octets. */
  parameterLengthMax: 4096,
  /**
   * Highest number of a piece (RFC 2231 §3). The longest value in the worst script takes 683
   * pieces of one line each, so whatever may be written can be read.
   */
  continuationMax: 799,
  /** Parameters of one field: all pieces of such a value, and what stands beside it. */
  parametersMax: 1000,
} as const;

export const addressLimits = {
  /** Addresses of one field: the largest recipient lists that servers take have a few thousand. */
  addressesMax: 5000,
  /** Characters of one list: a head's bound, so that the reader is safe with any string. */
  listLengthMax: headLimits.headBytesMax,
} as const;

export const idLimits = {
  /** Ids of one References field: threads of some hundred messages exist, none reads more. */
  idsMax: 1000,
  /** RFC 5322 §2.1.1: a line holds 998 octets, and an id cannot be folded. */
  idLengthMax: 998,
} as const;

/** Characters of each text in a summary: what a listing can show, and what a row should cost. */
export const summaryLimits = { textMax: 500, addressesMax: 10 } as const;

/** Text that is kept for searching. */
export const textLimits = {
  /**
   * Characters of one message, its parts together: longer than nearly all that people write. What
   * is longer is searched in its body.
   */
  textLengthMax: 256 * 1024,
  /** Characters of markup for each one of text: newsletters have up to ten. */
  markupFactor: 8,
  /** But no more than that: all of a part is held while its markup is taken away. */
  markupLengthMax: 32 * 1024 * 1024,
  /** Characters of the head. */
  headLengthMax: 128 * 1024,
  /** RFC 8970 §3.1. */
  previewMax: 200,
  /** Characters that are looked at for a preview: newsletters begin with filling. */
  previewSourceMax: 20_000,
} as const;

/** Lines that writers make. RFC 5322 §2.1.1, RFC 2045 §6.7 and §6.8. */
export const lineLimits = {
  /** Octets without CRLF that a line must not exceed. */
  lineBytesMax: 998,
  /** Columns that a header line should not exceed. */
  headColumns: 78,
  /** Columns of quoted-printable and base64. */
  bodyColumns: 76,
  /** Characters of one encoded word. RFC 2047 §2. */
  encodedWordMax: 75,
} as const;

/** Bounds of the reader of delivery status reports. */
export const reportLimits = {
  /** Recipients of one report: one message has at most some thousand. */
  recipientsMax: 5000,
  /** Octets of the machine-readable part. */
  statusBytesMax: 1024 * 1024,
} as const;
