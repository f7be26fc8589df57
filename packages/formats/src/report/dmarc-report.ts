/**
 * Aggregate DMARC reports: what others saw of mail that claims to be ours, and what we tell them.
 * RFC 9990; RFC 7489 appendix C, which most of the world still writes, is read too.
 */

import type { DmarcPolicy } from '../auth/dmarc-record.ts';

export interface DmarcReportHead {
  readonly organisation: string;
  readonly email: string;
  readonly contact: string | null;
  readonly id: string;
  readonly beginMs: number;
  readonly endMs: number;
  readonly generator: string | null;
  /** What went wrong with the record, for its owner. */
  readonly errors: readonly string[];
  readonly policy: DmarcPublished;
}

/** The record as the reporter saw it; null: not told. */
export interface DmarcPublished {
  readonly domain: string;
  readonly policy: DmarcPolicy;
  readonly subdomains: DmarcPolicy | null;
  readonly missing: DmarcPolicy | null;
  readonly dkim: 'r' | 's' | null;
  readonly spf: 'r' | 's' | null;
  readonly isTest: boolean | null;
  /** Of RFC 7489. */
  readonly percent: number | null;
  readonly discovery: 'psl' | 'treewalk' | null;
}

/** Messages that are alike in all of this. */
export interface DmarcReportRow {
  readonly sourceIp: string;
  readonly count: number;
  /** `pass`: the policy is enforced, and had no reason to act. */
  readonly disposition: DmarcPolicy | 'pass';
  /** Passed and aligned. */
  readonly dkim: 'pass' | 'fail';
  readonly spf: 'pass' | 'fail';
  readonly reasons: readonly { readonly type: string; readonly comment: string | null }[];
  readonly headerFrom: string;
  /** '': the null reverse-path; null: not told. */
  readonly envelopeFrom: string | null;
  readonly envelopeTo: string | null;
  readonly signatures: readonly {
    readonly domain: string;
    readonly selector: string | null;
    readonly result: string;
    readonly explanation: string | null;
  }[];
  /** null: not told. */
  readonly sender: {
    readonly domain: string;
    readonly scope: string | null;
    readonly result: string;
    readonly explanation: string | null;
  } | null;
}

export interface DmarcReport extends DmarcReportHead {
  readonly rows: readonly DmarcReportRow[];
}
