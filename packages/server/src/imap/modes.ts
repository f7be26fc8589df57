/**
 * What a client has switched on for its connection, by ENABLE (RFC 5161) or by using it. It decides
 * how answers are written.
 */

export interface Modes {
  /** FETCH of changes tells MODSEQ. RFC 7162 §3.1. */
  readonly condstore: boolean;
  /** VANISHED instead of EXPUNGE. RFC 7162 §3.2. */
  readonly qresync: boolean;
  /** Names and texts are UTF-8. RFC 6855 §3. */
  readonly utf8: boolean;
  /** RFC 9051, appendix E: no RECENT, ESEARCH instead of SEARCH, names in UTF-8. */
  readonly rev2: boolean;
  /** No message numbers at all. RFC 9586. */
  readonly uidOnly: boolean;
}

export const initialModes: Modes = {
  condstore: false,
  qresync: false,
  utf8: false,
  rev2: false,
  uidOnly: false,
};

/** Mailbox names go over the wire in UTF-8, not in modified UTF-7. */
export function hasUtf8Names(modes: Modes): boolean {
  return modes.utf8 || modes.rev2;
}
