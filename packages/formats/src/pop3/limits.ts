/** Bounds of POP3's grammar, with the reason beside each. */

/** RFC 2449 §4 asks for 255; SASL answers are longer (SCRAM, long passwords). RFC 4422 §4. */
export const commandOctetsMax = 12_288;

/** The first line of a reply, CRLF included. RFC 2449 §4. */
export const replyLineOctetsMax = 512;

/** What a client accepts in a reply line: servers in the field write longer ones. */
export const replyLineAcceptedMax = 8192;

/** Lines of a LIST, UIDL, CAPA or LANG listing a client keeps: a million messages, then no more. */
export const listingLinesMax = 1_000_000;

/** Digits of a message number or an octet count: 2^53 has sixteen. */
export const digitsMax = 15;

/** A unique-id is 1 to 70 characters. RFC 1939 §7. */
export const uidlOctetsMax = 70;

/** A client bears with longer ones, up to this. */
export const uidlAcceptedMax = 512;
