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
  /** A domain name as text. RFC 1035 §2.3.4, RFC 7208 §7.3. */
  nameOctetsMax: 253,
} as const;
