/**
 * What mail told about senders and lines, handed to whoever reports it to the domains concerned
 * once a day: TLS reports (RFC 8460) and aggregate DMARC reports (RFC 9990). A leaf, so that
 * delivery and checks know no more of the reports than this.
 */

import type { AccountId, JourneyId, MailboxId, Uid } from '@merpati/store/ids.ts';
import type { DmarcPolicy, DmarcRecord } from '@merpati/formats/auth/dmarc-record.ts';

/** Never throws and never waits: it only counts. */
export interface ReportSink {
  /** Once for every session with a host, tried or begun, however many messages it carried. */
  tls(outcome: TlsOutcome): void;
  /** Once for every message that was judged by a DMARC record, refused ones included. */
  dmarc(outcome: DmarcOutcome): void;
  /** A message for one of the addresses that take reports of others is stored. */
  arrived(mail: ArrivedReport): void;
}

/** Where it lies. */
export interface ArrivedReport {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly journey: JourneyId;
}

/** RFC 8460 §4.4, `policy-type`. */
export type TlsPolicyType = 'sts' | 'tlsa' | 'no-policy-found';

/** Why a session was not what the policy wants. RFC 8460 §4.3. */
export type TlsFailureType =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid';

export interface TlsOutcome {
  readonly policyType: TlsPolicyType;
  /** The recipients' domain, in A-labels, lower case. */
  readonly policyDomain: string;
  /** Lines of the STS policy, or TLSA records in presentation form; empty without a policy. */
  readonly policyStrings: readonly string[];
  /** `mx:` patterns of the STS policy; for TLSA the host the records are of; else empty. */
  readonly mxPatterns: readonly string[];
  readonly result: 'success' | TlsFailureType;
  /** The host tried; null when it did not come to that (the policy could not be fetched). */
  readonly mxHost: string | null;
  readonly sendingIp: string | null;
  readonly receivingIp: string | null;
  /** What the host called itself in its greeting or reply to EHLO. */
  readonly receivingMxHelo: string | null;
  /** Free text, say the code of the TLS library; never part of a message. */
  readonly failureCode: string | null;
}

/** RFC 9990 §3.1.1.9; RFC 7489 appendix C names some differently. */
export type DmarcOverride =
  | 'local_policy'
  | 'mailing_list'
  | 'other'
  | 'policy_test_mode'
  | 'sampled_out'
  | 'trusted_forwarder';

export interface DmarcOutcome {
  /** The client that brought the message, IPv4 or IPv6 without brackets or zone. */
  readonly sourceIp: string;
  /** Domain of the author that was judged (RFC5322.From). */
  readonly headerFrom: string;
  /** Where the record was found: the DMARC Policy Domain. */
  readonly policyDomain: string;
  readonly record: DmarcRecord;
  /** What was really done with the message. */
  readonly disposition: DmarcPolicy;
  /** Why, where that is not what the record asks for. */
  readonly overrides: readonly { readonly type: DmarcOverride; readonly comment: string }[];
  /** Passed and aligned, as DMARC sees it. */
  readonly aligned: { readonly dkim: boolean; readonly spf: boolean };
  /** Domain of MAIL FROM; '' for the null reverse-path. */
  readonly envelopeFrom: string;
  /** Domain of the recipients when all have the same, else null. */
  readonly envelopeTo: string | null;
  readonly dkim: readonly DmarcDkimResult[];
  /** null: not evaluated. */
  readonly spf: DmarcSpfResult | null;
}

/** RFC 8601 §2.7.1. */
export interface DmarcDkimResult {
  readonly domain: string;
  readonly selector: string;
  readonly result: 'none' | 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror';
  readonly explanation: string | null;
}

/** RFC 7208 §2.6. */
export interface DmarcSpfResult {
  readonly domain: string;
  readonly scope: 'mfrom' | 'helo';
  readonly result: 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';
  readonly explanation: string | null;
}
