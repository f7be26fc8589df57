/** Bounds of the checks of who a message is from. Everything in them comes from strangers. */

export const authLimits = {
  /** Terms of an SPF evaluation that ask the DNS. RFC 7208 §4.6.4. */
  spfLookupsMax: 10,
  /** Questions of SPF terms that find nothing. RFC 7208 §4.6.4. */
  spfVoidLookupsMax: 2,
  /** Hosts of one `mx` term; more is an error. RFC 7208 §4.6.4. */
  spfMxHostsMax: 10,
  /** Names of one `ptr` term; more are not looked at. RFC 7208 §4.6.4. */
  spfPtrNamesMax: 10,
  /** A record longer than what fits a DNS answer over TCP cannot come from the DNS. */
  spfRecordOctetsMax: 65_535,
  /** Octets of an explanation as it is given on. */
  spfExplanationOctetsMax: 1024,
  /** DKIM signatures of one message that are verified; each costs a key from the DNS. */
  dkimSignaturesMax: 10,
  /** Octets of one signature field; RSA-4096 with all header fields named takes two thousand. */
  dkimFieldOctetsMax: 16_384,
  /** Domains in one From field; each is up to eight questions. Honest mail has one. */
  dmarcAuthorsMax: 8,
  /** Sets of ARC fields. RFC 8617 §4.2.1. */
  arcSetsMax: 50,
  /** Bits of an RSA key below which nothing is believed. RFC 8301 §3.2. */
  rsaBitsMin: 1024,
  /** Above it verifying takes a stranger's time from us. */
  rsaBitsMax: 8192,
  /** An MTA-STS policy. RFC 8461 §3.3 suggests this. */
  stsPolicyOctetsMax: 65_536,
  /** Hosts that one policy names; a domain with more of them has made a mistake. */
  stsHostsMax: 200,
  /** RFC 8461 §3.2: about a year. */
  stsAgeSecondsMax: 31_557_600,
  /** A domain name as text. RFC 1035 §2.3.4, RFC 7208 §7.3. */
  nameOctetsMax: 253,
} as const;
