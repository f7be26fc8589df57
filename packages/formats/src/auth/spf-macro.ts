/** Macro strings of SPF. RFC 7208 §7. */

import { SyntaxFault } from '../syntax-fault.ts';
import { authLimits } from './limits.ts';

const macro = /%(?:\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|([%_-]))/y;

/** Values of the macro letters, in lower case. */
export type MacroValues = (letter: string) => string;

/**
 * Is all of it literal text and macros? `c`, `r` and `t` stand in explanations only. Throws
 * `SyntaxFault`.
 */
export function checkMacroString(text: string, options: { readonly inExplanation: boolean }): void {
  const known = options.inExplanation ? 'slodiphvcrt' : 'slodiphv';
  eachPiece(text, (piece) => {
    if (typeof piece === 'string') return;
    if (!known.includes(piece.letter.toLowerCase())) {
      throw new SyntaxFault('spf.macro', `%{${piece.letter}} has no meaning here`);
    }
    if (piece.keep === 0) throw new SyntaxFault('spf.macro', 'no parts are to be kept');
  });
}

interface Macro {
  readonly letter: string;
  /** Parts to keep, counted from the right; Infinity: all. */
  readonly keep: number;
  readonly isReversed: boolean;
  readonly delimiters: string;
}

function eachPiece(text: string, see: (piece: string | Macro) => void): void {
  let at = 0;
  while (at < text.length) {
    if (text.charAt(at) !== '%') {
      const next = text.indexOf('%', at);
      const end = next < 0 ? text.length : next;
      see(text.slice(at, end));
      at = end;
      continue;
    }
    macro.lastIndex = at;
    const match = macro.exec(text);
    if (match === null) throw new SyntaxFault('spf.macro', 'a % that begins no macro');
    const [whole, letter, digits = '', reverse = '', delimiters = '', escape] = match;
    if (letter === undefined) see(escape === '_' ? ' ' : escape === '-' ? '%20' : '%');
    else {
      const keep = digits === '' ? Number.POSITIVE_INFINITY : Number(digits);
      see({ letter, keep, isReversed: reverse !== '', delimiters: delimiters || '.' });
    }
    at += whole.length;
  }
}

/** The text with its macros replaced. Upper-case letters escape what URLs must not hold. */
export function expandMacros(text: string, valueOf: MacroValues): string {
  let expanded = '';
  eachPiece(text, (piece) => {
    if (typeof piece === 'string') {
      expanded += piece;
      return;
    }
    const { letter, keep, isReversed, delimiters } = piece;
    const parts = splitAt(valueOf(letter.toLowerCase()), delimiters);
    if (isReversed) parts.reverse();
    const kept = parts.slice(Math.max(0, parts.length - keep)).join('.');
    expanded += letter === letter.toUpperCase() ? escapeForUrl(kept) : kept;
  });
  return expanded;
}

function splitAt(text: string, delimiters: string): string[] {
  const parts: string[] = [''];
  for (const character of text) {
    if (delimiters.includes(character)) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** All but the unreserved characters of RFC 3986 §2.3. */
function escapeForUrl(text: string): string {
  const octets = new TextEncoder().encode(text);
  let escaped = '';
  for (const octet of octets) {
    const character = String.fromCharCode(octet);
    escaped += /[A-Za-z0-9\-._~]/.test(character)
      ? character
      : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/** A name that is too long loses labels from the left. RFC 7208 §7.3. */
export function shortenName(name: string): string {
  let short = name.endsWith('.') ? name.slice(0, -1) : name;
  while (short.length > authLimits.nameOctetsMax) {
    const dot = short.indexOf('.');
    if (dot < 0) return short;
    short = short.slice(dot + 1);
  }
  return short;
}
