/**
 * What is wrong with a message that was read all the same. Readers of this folder never refuse:
 * they give the best reading and name each kind of damage once, with the place of its first
 * occurrence.
 */

/** Every kind of damage, and what was made of it. */
export const faultWords = {
  'bare-lf': 'a line ends in LF alone; read as a line end',
  'bare-cr': 'a CR stands alone; read as an ordinary octet',
  nul: 'a NUL octet; kept',
  'mbox-line': 'an mbox "From " line stands above the head; skipped',
  'fold-first': 'the head begins with a continuation line; skipped',
  'line-not-field': 'a line in the head is no field; skipped',
  'head-not-closed': 'no empty line ends the head',
  'head-too-long': 'the head is longer than the limit; the rest of it is not read into fields',
  'fields-too-many': 'the head has more fields than the limit; the rest is not read',
  'text-not-utf8': 'octets above 127 are not UTF-8; read as windows-1252',
  'encoded-word-broken': 'an encoded word has undecodable text; read as far as it goes',
  'charset-unknown': 'the character set is not known; guessed',
  'charset-invalid': 'octets do not fit the character set; shown as U+FFFD',
  'address-broken': 'an address is damaged; read as far as it goes',
  'address-no-domain': 'an address has no domain',
  'address-no-angle': 'a name stands before an address without angle brackets',
  'address-two-ats': 'an address has more than one @; the last one separates',
  'addresses-too-many': 'the list has more addresses than the limit; the rest is not read',
  'group-not-closed': 'a group has no final semicolon',
  'comment-not-closed': 'a comment has no closing parenthesis',
  'quote-not-closed': 'a quoted string has no closing quote',
  'date-broken': 'the date is unreadable or impossible',
  'type-broken': 'a content type is unreadable; the default is taken',
  'parameter-broken': 'a parameter is damaged; read as far as it goes',
  'parameter-duplicate': 'a parameter is given twice; the first one counts',
  'parameter-gap': 'a continued parameter misses a piece; read up to the gap',
  'parameter-encoded-word': 'a parameter holds encoded words, which it must not; decoded',
  'parameter-too-long': 'a parameter is longer than the limit; cut',
  'parameters-too-many': 'a field has more parameters than the limit; the rest is not read',
  'boundary-missing': 'a multipart has no boundary; read as text',
  'boundary-too-long': 'a boundary is longer than the limit; read as text',
  'multipart-empty': 'a multipart has no parts: its boundary does not occur',
  'multipart-not-closed': 'a multipart ends without its closing delimiter',
  'field-duplicate': 'a field that may stand once is given again; the first one counts',
  'encoding-unknown': 'the transfer encoding is not known; the content is left as it is',
  'encoding-composite':
    'a multipart or message is encoded, which it must not be; no message is looked into',
  'base64-broken': 'the base64 has foreign octets or ends early; decoded as far as it goes',
  'quoted-printable-broken': 'an = is followed by no code; kept as it is',
  'uuencode-broken': 'the uuencoded content is damaged; decoded as far as it goes',
  'parts-too-many': 'the message has more parts than the limit; the rest is not looked into',
  'depth-too-deep': 'parts lie deeper than the limit; not looked into',
  'status-broken': 'a delivery status lacks what it must have',
  'ids-too-many': 'the field has more message ids than the limit; the rest is not read',
  'id-broken': 'a message id is damaged; read as far as it goes',
} as const;

export type FaultCode = keyof typeof faultWords;

export interface Fault {
  readonly code: FaultCode;
  /** Of the first occurrence: octets from the start of what was read, or characters in a value. */
  readonly at: number;
}

/** Notes a fault unless its kind is noted already, so that the list is bounded by the kinds. */
export function noteFault(faults: Fault[], code: FaultCode, at: number): void {
  for (const fault of faults) if (fault.code === code) return;
  faults.push({ code, at });
}
