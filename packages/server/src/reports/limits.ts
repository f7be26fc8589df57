/** Bounds of what is counted, sent and read here, with the answer beside each. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export const countLimits = {
  /** Domains counted between two flushes; what comes from further ones is not reported. */
  domainsMax: 10_000,
  /** Kinds of messages of one domain and day; further ones are counted as left out. */
  rowsMax: 1000,
  /** Policies seen of one domain in a day: they change rarely. Further ones are left out. */
  policiesMax: 20,
  /** Kinds of failures under one policy; further ones are told without details. */
  detailsMax: 200,
  /** Signatures of one message. RFC 9990 §3.1.3 allows 100; who has so many plays with us. */
  signaturesMax: 20,
  /** Characters of what other servers said. */
  textMax: 200,
  /** Of one domain and day, as kept: a record has 1 MiB. */
  bytesMax: 600_000,
} as const;

export const sendLimits = {
  flushEveryMs: minuteMs,
  /** Reports do not leave all at midnight. RFC 8460 §4.1. */
  spreadMs: 4 * hourMs,
  /** Waits between tries at an address; RFC 8460 §5.5 gives up after a day. */
  retryMs: [5 * minuteMs, 15 * minuteMs, hourMs, 2 * hourMs, 4 * hourMs],
  giveUpMs: dayMs,
  /** Counts that nobody could be told of: the DNS did not answer for so long. */
  keepMs: 3 * dayMs,
  /** What is counted late, and what another thread counted, is found then. */
  planEveryMs: 30 * minuteMs,
  /** Reports made in one turn, so that a turn ends. */
  perTurnMax: 200,
  postTimeoutMs: 30_000,
} as const;

export const readLimits = {
  /** Octets of a message that is looked at; others stay where they are. */
  mailMax: 30 * 1024 * 1024,
  /** Octets of a report as it comes out of its packing: some hundred thousand rows. */
  unpackedMax: 256 * 1024 * 1024,
  /** JSON is read as a whole. */
  jsonMax: 16 * 1024 * 1024,
  /** Octets out for one in, beyond the first mebibyte; real reports have 10 to 50. */
  ratioMax: 200,
  ratioFromBytes: 1024 * 1024,
  /** Parts of a message that may be reports. */
  partsMax: 8,
  /** Rows kept of one report; all are counted in its sums. */
  rowsKeptMax: 10_000,
  rowsPerRecord: 500,
  policiesMax: 200,
  detailsMax: 1000,
  /** Then the reader is stopped, and the message stays. */
  timeMs: minuteMs,
  memoryMb: 384,
  /** Messages that wait for the reader; further ones are found at the next start. */
  waitingMax: 1000,
} as const;

export const viewLimits = {
  /** Reports read for one view; of a domain that gets more the rest is not in it. */
  reportsMax: 20_000,
  sourcesMax: 20_000,
  sourcesShownMax: 200,
  reasonsMax: 8,
  failuresMax: 500,
  reverseNamesMax: 50,
  /** A view does not wait longer for names. */
  reverseNamesMs: 3000,
} as const;
