/**
 * xtext, and the ORCPT parameter that uses it. RFC 3461 §4, §4.2; for addresses beyond ASCII
 * RFC 6533 §3 (utf-8-addr-xtext, utf-8-addr-unitext).
 */

/** RFC 3461 §4.2 and §5.4. */
export const xtextLimits = { orcptMax: 500, envidMax: 100 } as const;

/**
 * Writes ASCII text as xtext: everything but `!` … `~` without `+` and `=` becomes `+HH`.
 *
 * @example encodeXtext('a+b@c') // 'a+2Bb@c'
 */
export function encodeXtext(text: string): string {
  return text.replace(/[^!-~]|[+=]/gu, (sign) => {
    const hex = (sign.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return hex.length <= 2 ? `+${hex.padStart(2, '0')}` : `\\x{${hex}}`;
  });
}

/** The text, or null when it is not xtext. Only `+HH` in capitals is xtext. */
export function decodeXtext(xtext: string): string | null {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(xtext)) return null;
  return xtext.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

export interface OriginalRecipient {
  /** `rfc822`, `utf-8`, … in lower case. */
  readonly type: string;
  readonly address: string;
}

/** Reads the value of ORCPT; null when it is malformed. */
export function readOrcpt(value: string): OriginalRecipient | null {
  const match = /^([A-Za-z0-9][A-Za-z0-9-]*);(.+)$/su.exec(value);
  if (match === null || value.length > xtextLimits.orcptMax) return null;
  const type = (match[1] ?? '').toLowerCase();
  const written = match[2] ?? '';
  const address = type === 'utf-8' ? decodeUtf8Address(written) : decodeXtext(written);
  return address === null || hasControl(address) ? null : { type, address };
}

/** Writes ORCPT. Without `utf8` (no SMTPUTF8 at the next hop) the result is ASCII. */
export function writeOrcpt(original: OriginalRecipient, options: { utf8: boolean }): string {
  const { type, address } = original;
  if (type !== 'utf-8') return `${type};${encodeXtext(address)}`;
  const written = address.replace(/[^!-~]|[+=\\]/gu, (sign) => {
    const point = sign.codePointAt(0) ?? 0;
    return options.utf8 && point > 0x9f ? sign : `\\x{${point.toString(16).toUpperCase()}}`;
  });
  return `utf-8;${written}`;
}

function decodeUtf8Address(written: string): string | null {
  // utf-8-addr-xtext and -unitext: `\x{HEX}` for what may not stand for itself.
  if (!/^(?:[!-*,-<>-[\]-~]|[^\0-\x9f]|\\x\{[0-9A-F]{2,6}\})*$/u.test(written)) return null;
  let isValid = true;
  const address = written.replace(/\\x\{([0-9A-F]{2,6})\}/g, (_, hex: string) => {
    const point = Number.parseInt(hex, 16);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) isValid = false;
    return isValid ? String.fromCodePoint(point) : '';
  });
  return isValid ? address : null;
}

function hasControl(text: string): boolean {
  return /[\0-\x1f\x7f]/.test(text);
}
