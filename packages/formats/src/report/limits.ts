/** Bounds of the readers and writers of reports. */

/** What one XML document of a report may hold. */
export const xmlLimits = {
  /** Reports are six deep; extensions add a few. */
  depthMax: 32,
  nameLengthMax: 128,
  /** Characters of one tag, comment or instruction, and of a text without a tag. */
  tokenLengthMax: 65_536,
  attributesMax: 64,
} as const;

export const dmarcReportLimits = {
  /** Characters of one value; names of the DNS end at 253. */
  valueLengthMax: 1024,
  /** Signatures of one row. RFC 9990 §3.1.3. */
  signaturesMax: 100,
  reasonsMax: 20,
  /** Paths of elements that are remembered. */
  pathsMax: 200,
  errorsMax: 10,
} as const;

export const zipLimits = {
  /** Members looked at; reports come alone. */
  membersMax: 64,
  /** Octets at the end in which the directory's end is sought: its comment has 65,535 at most. */
  tailMax: 65_557,
} as const;

export const reportAddressLimits = {
  /** Addresses of one record that are used. */
  addressesMax: 10,
} as const;
