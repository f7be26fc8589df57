/** What the owner of a domain wants done with mail that is not theirs. RFC 9989; RFC 7489 §6.3. */

import { readTagList, type Tags } from './tag-list.ts';
import { SyntaxFault } from '../syntax-fault.ts';

export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

export interface DmarcRecord {
  readonly policy: DmarcPolicy;
  /** For domains below; null: as `policy`. */
  readonly subdomains: DmarcPolicy | null;
  /** For domains below that do not exist; null: as `subdomains`. RFC 9989 (np=). */
  readonly missing: DmarcPolicy | null;
  readonly strictDkim: boolean;
  readonly strictSpf: boolean;
  /** The owner only tries it out: one step milder. RFC 9989 (t=y). */
  readonly isTest: boolean;
  /** Of RFC 7489: the share of mail that the policy is for, 0 … 100. */
  readonly percent: number;
  /** Is the organisation's own boundary (`n`: it is; `y`: a registry's suffix). RFC 9989. */
  readonly suffix: 'y' | 'n' | 'u';
  /** Where reports go (`rua=`), as written. */
  readonly reportsTo: readonly string[];
  readonly text: string;
}

export function isDmarcPolicy(text: string): text is DmarcPolicy {
  return text === 'none' || text === 'quarantine' || text === 'reject';
}

export function isDmarcRecord(text: string): boolean {
  return /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/**
 * Throws `SyntaxFault` when it is none. Of what is wrong only in parts the rest holds: a policy
 * that is not known with a place for reports counts as none. RFC 7489 §6.6.3.
 */
export function readDmarcRecord(text: string): DmarcRecord {
  if (!isDmarcRecord(text)) throw new SyntaxFault('dmarc.version', 'not a DMARC record');
  const tags = readLeniently(text);
  const reportsTo = (tags.get('rua') ?? '')
    .split(',')
    .map((uri) => uri.trim())
    .filter((uri) => /^[a-z][a-z0-9+.-]*:/i.test(uri));
  const policy = readPolicy(tags.get('p'));
  const subdomains = readPolicy(tags.get('sp'));
  const isBroken =
    policy === null || (tags.has('sp') && subdomains === null && reportsTo.length === 0);
  if (isBroken && tags.has('p') && reportsTo.length === 0) {
    throw new SyntaxFault('dmarc.policy', `p=${tags.get('p')} is not known`);
  }
  const percent = tags.get('pct') ?? '100';
  return {
    policy: policy ?? 'none',
    subdomains,
    missing: readPolicy(tags.get('np')),
    strictDkim: tags.get('adkim')?.toLowerCase() === 's',
    strictSpf: tags.get('aspf')?.toLowerCase() === 's',
    isTest: tags.get('t')?.toLowerCase() === 'y',
    percent: /^[0-9]{1,3}$/.test(percent) ? Math.min(100, Number(percent)) : 100,
    suffix: readSuffix(tags.get('psd')),
    reportsTo,
    text,
  };
}

/** Parts that are no tags are passed over. */
function readLeniently(text: string): Tags {
  const tags = new Map<string, string>();
  for (const part of text.split(';')) {
    try {
      for (const [name, value] of readTagList(part)) {
        if (!tags.has(name.toLowerCase())) tags.set(name.toLowerCase(), value);
      }
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
    }
  }
  return tags;
}

function readPolicy(value: string | undefined): DmarcPolicy | null {
  const lower = value?.toLowerCase() ?? '';
  return isDmarcPolicy(lower) ? lower : null;
}

function readSuffix(value: string | undefined): 'y' | 'n' | 'u' {
  const lower = value?.toLowerCase();
  return lower === 'y' || lower === 'n' ? lower : 'u';
}
