/**
 * What a domain says about TLS at its mail servers, by MTA-STS: the record that tells of a policy,
 * and the policy itself. RFC 8461 §3.1 (record), §3.2 (policy), §4.1 (which hosts it names).
 */

import { isHostName, lowerName } from '../dns/name.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { authLimits } from './limits.ts';

export type StsMode = 'enforce' | 'testing' | 'none';

export interface StsPolicy {
  readonly mode: StsMode;
  /** How long it may be kept; never more than a year. */
  readonly maxAgeS: number;
  /** Host names in lower case, or `*.` and a name. Empty only in mode `none`. */
  readonly mx: readonly string[];
}

/**
 * The id of the policy that a domain has announced at `_mta-sts`; null when there is none. It
 * changes whenever the policy does. `texts`: the TXT records there, the strings of each joined.
 */
export function readStsId(texts: readonly string[]): string | null {
  const records = texts.filter((text) => /^v=STSv1[ \t]*(?:;|$)/.test(text));
  const [record] = records;
  // More than one says as much as none. §3.1.
  if (record === undefined || records.length > 1) return null;
  for (const field of record.split(';').slice(1)) {
    const id = /^[ \t]*id=([A-Za-z0-9]{1,32})[ \t]*$/.exec(field)?.[1];
    if (id !== undefined) return id;
  }
  return null;
}

/**
 * Reads a policy as it was fetched. Throws `SyntaxFault` when it is none: whoever has an older one
 * goes on with that. Keys that are not known are passed over, and of a key that stands there twice
 * the first counts. §3.2.
 */
export function readStsPolicy(text: string): StsPolicy {
  if (text.length > authLimits.stsPolicyOctetsMax) {
    throw new SyntaxFault('sts.long', 'the policy is longer than 64 KiB');
  }
  const fields = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const match = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (match === null) throw new SyntaxFault('sts.line', 'a line of the policy has no key');
    const [, key = '', value = ''] = match;
    if (key === 'mx') mx.push(readPattern(value));
    else if (!fields.has(key)) fields.set(key, value);
  }
  if (mx.length > authLimits.stsHostsMax) {
    throw new SyntaxFault(
      'sts.hosts',
      `the policy names more than ${authLimits.stsHostsMax} hosts`,
    );
  }
  if (fields.get('version') !== 'STSv1') {
    throw new SyntaxFault('sts.version', 'the policy is not of version STSv1');
  }
  const mode = fields.get('mode');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') {
    throw new SyntaxFault('sts.mode', 'the mode of the policy is not known');
  }
  const age = fields.get('max_age') ?? '';
  if (!/^[0-9]{1,10}$/.test(age)) {
    throw new SyntaxFault('sts.age', 'the policy does not say how long it is good');
  }
  if (mx.length === 0 && mode !== 'none') {
    throw new SyntaxFault('sts.hosts', 'the policy names no host');
  }
  return { mode, maxAgeS: Math.min(Number(age), authLimits.stsAgeSecondsMax), mx };
}

function readPattern(value: string): string {
  const pattern = lowerName(value);
  const name = pattern.startsWith('*.') ? pattern.slice(2) : pattern;
  if (!isHostName(name)) throw new SyntaxFault('sts.mx', 'an mx of the policy is no host name');
  return pattern;
}

/** The policy as lines, one key each, the way TLS reports quote it. RFC 8460 §4.4. */
export function stsPolicyLines({ mode, maxAgeS, mx }: StsPolicy): string[] {
  const hosts = mx.map((host) => `mx: ${host}`);
  return ['version: STSv1', `mode: ${mode}`, ...hosts, `max_age: ${maxAgeS}`];
}

/** Whether the policy names this host: itself, or by `*.`, which stands for one label. §4.1. */
export function stsNames({ mx }: Pick<StsPolicy, 'mx'>, host: string): boolean {
  const name = lowerName(host);
  const parent = name.slice(name.indexOf('.') + 1);
  return mx.some((pattern) =>
    pattern.startsWith('*.') ? name.includes('.') && parent === pattern.slice(2) : pattern === name,
  );
}
