/** Reading an SPF record: RFC 7208 §4.5, §4.6, §5, §6 and the grammar of §12. */

import { readIpv4, readIpv6 } from '../dns/address.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { authLimits } from './limits.ts';
import { checkMacroString } from './spf-macro.ts';

export type SpfQualifier = 'pass' | 'fail' | 'softfail' | 'neutral';

/** Prefix lengths of `a` and `mx`. */
export interface DualCidr {
  readonly ipv4: number;
  readonly ipv6: number;
}

export type SpfTerm = { readonly qualifier: SpfQualifier; readonly text: string } & (
  | { readonly name: 'all' }
  | { readonly name: 'include' | 'exists'; readonly domain: string }
  /** `domain` null: the current one. */
  | { readonly name: 'a' | 'mx'; readonly domain: string | null; readonly cidr: DualCidr }
  | { readonly name: 'ptr'; readonly domain: string | null }
  | { readonly name: 'ip4' | 'ip6'; readonly network: Uint8Array; readonly prefix: number }
);

export interface SpfRecord {
  readonly terms: readonly SpfTerm[];
  /** Macro strings; null when absent. */
  readonly redirect: string | null;
  readonly explanation: string | null;
}

/** The text of an SPF record? RFC 7208 §4.5: `v=spf1`, then a space or the end. */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

const qualifiers: Readonly<Record<string, SpfQualifier>> = {
  '+': 'pass',
  '-': 'fail',
  '~': 'softfail',
  '?': 'neutral',
};

/** The whole record, or `SyntaxFault`: one bad term makes all of it void. RFC 7208 §4.6. */
export function readSpfRecord(text: string): SpfRecord {
  if (text.length > authLimits.spfRecordOctetsMax) fault('spf.too-long', 'a record that long');
  if (!isSpfRecord(text)) fault('spf.version', 'not an SPF record');
  // Whatever is not visible ASCII or a space has no place in it.
  if (!/^[\x20-\x7e]*$/.test(text)) fault('spf.octets', 'octets outside of ASCII');
  const terms: SpfTerm[] = [];
  let redirect: string | null = null;
  let explanation: string | null = null;
  for (const word of text.slice('v=spf1'.length).split(' ')) {
    if (word === '') continue;
    const modifier = /^([A-Za-z][A-Za-z0-9\-_.]*)=(.*)$/.exec(word);
    if (modifier === null) {
      terms.push(readTerm(word));
      continue;
    }
    const [, name = '', value = ''] = modifier;
    switch (name.toLowerCase()) {
      case 'redirect':
        if (redirect !== null) fault('spf.modifier', 'redirect stands there twice');
        redirect = readDomainSpec(value);
        break;
      case 'exp':
        if (explanation !== null) fault('spf.modifier', 'exp stands there twice');
        explanation = readDomainSpec(value);
        break;
      default:
        checkMacroString(value, { inExplanation: true });
    }
  }
  return { terms, redirect, explanation };
}

function readTerm(word: string): SpfTerm {
  const sign = qualifiers[word.charAt(0)];
  const rest = sign === undefined ? word : word.slice(1);
  const match = /^([A-Za-z][A-Za-z0-9\-_.]*)(.*)$/.exec(rest);
  if (match === null) fault('spf.term', `"${word}" is no term`);
  const [, name = '', argument = ''] = match ?? [];
  const common = { qualifier: sign ?? 'pass', text: word } as const;
  switch (name.toLowerCase()) {
    case 'all':
      if (argument !== '') fault('spf.term', `"${word}": all takes nothing`);
      return { ...common, name: 'all' };
    case 'include':
      return { ...common, name: 'include', domain: readDomainSpec(afterColon(argument, word)) };
    case 'exists':
      return { ...common, name: 'exists', domain: readDomainSpec(afterColon(argument, word)) };
    case 'a':
      return { ...common, name: 'a', ...readHosts(argument, word) };
    case 'mx':
      return { ...common, name: 'mx', ...readHosts(argument, word) };
    case 'ptr': {
      const domain = argument === '' ? null : readDomainSpec(afterColon(argument, word));
      return { ...common, name: 'ptr', domain };
    }
    case 'ip4':
      return { ...common, name: 'ip4', ...readNetwork(afterColon(argument, word), 4) };
    case 'ip6':
      return { ...common, name: 'ip6', ...readNetwork(afterColon(argument, word), 6) };
    default:
      return fault('spf.term', `"${word}" is a mechanism nobody knows`);
  }
}

function afterColon(argument: string, word: string): string {
  if (!argument.startsWith(':')) fault('spf.term', `"${word}" wants a value`);
  return argument.slice(1);
}

/** A macro string that ends in a top label or in a macro. RFC 7208 §7.1. */
function readDomainSpec(text: string): string {
  checkMacroString(text, { inExplanation: false });
  if (!/%(?:\{[^{}]*\}|[%_-])$/.test(text) && !endsInTopLabel(text)) {
    fault('spf.domain', `"${text}" is no domain`);
  }
  return text;
}

/**
 * Letters, digits and hyphens, not digits alone. One label is looked at, whatever stands before.
 */
function endsInTopLabel(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  const dot = name.lastIndexOf('.');
  const label = name.slice(dot + 1);
  if (dot < 0 || label.length > 63) return false;
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(label) && /[A-Za-z-]/.test(label);
}

/** `[:domain][/length][//length]` of `a` and `mx`. RFC 7208 §5.3, §5.6. */
function readHosts(argument: string, word: string): { domain: string | null; cidr: DualCidr } {
  const match = /^(?::(.*?))?(?:\/(\d+))?(?:\/\/(\d+))?$/.exec(argument);
  if (match === null) fault('spf.term', `"${word}" is no term`);
  const [, domain, ipv4, ipv6] = match ?? [];
  return {
    domain: domain === undefined ? null : readDomainSpec(domain),
    cidr: { ipv4: readPrefix(ipv4, 32), ipv6: readPrefix(ipv6, 128) },
  };
}

function readNetwork(text: string, family: 4 | 6): { network: Uint8Array; prefix: number } {
  const [address = '', length, ...more] = text.split('/');
  const network = family === 4 ? readIpv4(address) : readIpv6(address);
  if (network === null || more.length > 0) {
    return fault('spf.address', `"${text}" is no network`);
  }
  return { network, prefix: readPrefix(length, family === 4 ? 32 : 128) };
}

function readPrefix(digits: string | undefined, max: number): number {
  if (digits === undefined) return max;
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > max) {
    fault('spf.prefix', `"/${digits}" is no prefix length`);
  }
  return Number(digits);
}

function fault(code: string, message: string): never {
  throw new SyntaxFault(code, message);
}
