/** Bounds of the DNS codec. Everything in a DNS message comes from strangers. */

export const dnsLimits = {
  /** One label. RFC 1035 §2.3.4. */
  labelOctetsMax: 63,
  /** A name on the wire, length octets and root included. RFC 1035 §2.3.4. */
  nameOctetsMax: 255,
  /**
   * Every pointer must lead backwards, so a chain ends; a chain longer than a name has labels is an
   * attack.
   */
  pointersMax: 128,
  /** The length prefix of DNS over TCP has 16 bits. RFC 1035 §4.2.2. */
  messageOctetsMax: 65_535,
  /** Records of one message. A mail domain has a handful; amplification has thousands. */
  recordsMax: 1024,
  /** Strings of one TXT record: 64 KiB of empty strings would otherwise become 64 K objects. */
  stringsMax: 1024,
  /** TLSA records of one host that are looked at; honest hosts have up to eight. */
  tlsaRecordsMax: 64,
} as const;
