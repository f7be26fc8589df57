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
} as const;
