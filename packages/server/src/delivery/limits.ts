/** Bounds of sending on: whatever the DNS and other servers say, an attempt ends. */

export const deliveryLimits = {
  /** MX hosts tried in one attempt; a domain with more of them has made a mistake. */
  hostsMax: 10,
  /** Addresses of one host that are raced. */
  addressesMax: 8,
  /** Conversations that got as far as MAIL, in one attempt: one, and a second at another host. */
  conversationsMax: 2,
  /** Recipients of one transaction. RFC 5321 §4.5.3.1.8 lets everybody count on 100. */
  recipientsMax: 100,
  /** One connection attempt. RFC 5321 names no time; the system's own is over two minutes. */
  connectTimeoutMs: 30_000,
  /** RFC 8305 §5, Connection Attempt Delay. */
  raceDelayMs: 250,
  /** Messages over one connection; many servers count and close after a hundred. */
  messagesPerConnectionMax: 100,
  /** A connection nobody uses is given back; the next message may come soon. */
  idleMs: 5000,
  /** Idle connections kept altogether. */
  idleConnectionsMax: 200,
  /** Hosts whose trouble is remembered. */
  troubledHostsMax: 2000,
  /** All of one HTTPS exchange. RFC 8461 §3.3 suggests a minute; mail is waiting for it. */
  httpsTimeoutMs: 30_000,
  /** A policy that could not be fetched is not asked for again so soon. RFC 8461 §3.3. */
  stsRetryMs: 5 * 60_000,
  /** A policy this old is fetched again although its id is the same. RFC 8461 §10.2. */
  stsRefreshMs: 24 * 3_600_000,
  /** How often it is looked for policies of that age. */
  stsSweepMs: 3_600_000,
  /** Who was not written to for so long is forgotten when his policy ends. */
  stsUnusedMs: 90 * 24 * 3_600_000,
  /** Domains whose policy is kept at hand; the others are read from the store. */
  stsKeptMax: 2000,
  /** Octets of a header that are looked through for TLS-Required. */
  headerOctetsMax: 256 * 1024,
} as const;
