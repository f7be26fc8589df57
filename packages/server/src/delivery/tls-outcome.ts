/**
 * What a session was, held against each policy that there is: for the daily reports to the domain.
 * RFC 8460 §4.3.
 */

import { stsNames, stsPolicyLines, type StsPolicy } from '@merpati/formats/auth/sts.ts';
import type { TlsFacts } from '@merpati/client/smtp/tls-facts.ts';
import type { TlsFailureType, TlsOutcome } from '../reports/outcomes.ts';
import type { Dane } from './dane.ts';
import type { StsTrouble } from './sts-policies.ts';

/** What the policies of a domain say about one of its hosts. */
export interface TlsAccount {
  /** Never throws and never waits. */
  readonly sink: (outcome: TlsOutcome) => void;
  /** The recipients' domain. */
  readonly domain: string;
  readonly host: string;
  readonly dane: Dane | null;
  /** None in mode `none`. */
  readonly sts: StsPolicy | null;
}

/** How far it came with TLS. */
export interface TlsSeen {
  /** null: there is none. */
  readonly facts: TlsFacts | null;
  /** Why there is none, or why it ended: a code of the TLS library, or our own word. */
  readonly error: string | null;
  /** What DANE has to say against the certificate. */
  readonly daneError: string | null;
  readonly sendingIp: string | null;
  readonly receivingIp: string | null;
  readonly helo: string | null;
}

export const notSeen: TlsSeen = {
  facts: null,
  error: null,
  daneError: null,
  sendingIp: null,
  receivingIp: null,
  helo: null,
};

/** No STARTTLS among what the server offers, or its refusal. */
export const noStartTls = 'no-starttls';

/** Tells of one session by each policy that holds for the host, or that none does. */
export function account(given: TlsAccount, seen: TlsSeen): void {
  const { dane, sts } = given;
  if (dane !== null) tell(given, seen, { ...byDane(dane), ...daneResult(dane, seen) });
  if (sts !== null) tell(given, seen, { ...bySts(sts), ...stsResult(sts, given.host, seen) });
  if (dane === null && sts === null) tell(given, seen, { ...without, ...lineResult(seen) });
}

/** The DNS kept back what it has about the host's certificate. */
export function accountUnknown(
  given: TlsAccount,
  about: { readonly base: string; readonly reason: string },
): void {
  const result = { result: 'dnssec-invalid', failureCode: about.reason } as const;
  const policy = { policyType: 'tlsa', policyStrings: [], mxPatterns: [about.base] } as const;
  tell(given, notSeen, { ...policy, ...result });
}

/** There is a policy, and it could not be had. */
export function accountTrouble(given: TlsAccount, { type, error }: StsTrouble): void {
  const policy = given.sts === null ? { ...bySts(null) } : bySts(given.sts);
  const told = { ...policy, result: type, failureCode: error };
  tell({ ...given, host: '' }, notSeen, told);
}

type Judged = Pick<TlsOutcome, 'result' | 'failureCode'>;
type Named = Pick<TlsOutcome, 'policyType' | 'policyStrings' | 'mxPatterns'>;

const without: Named = { policyType: 'no-policy-found', policyStrings: [], mxPatterns: [] };
const byDane = ({ base, listed }: Dane): Named => ({
  policyType: 'tlsa',
  policyStrings: listed,
  mxPatterns: [base],
});
const bySts = (policy: StsPolicy | null): Named => ({
  policyType: 'sts',
  policyStrings: policy === null ? [] : stsPolicyLines(policy),
  mxPatterns: policy?.mx ?? [],
});

function tell({ sink, domain, host }: TlsAccount, seen: TlsSeen, told: Named & Judged): void {
  sink({
    ...told,
    policyDomain: domain,
    mxHost: host === '' ? null : host,
    sendingIp: seen.sendingIp,
    receivingIp: seen.receivingIp,
    receivingMxHelo: seen.helo,
  });
}

const success: Judged = { result: 'success', failureCode: null };
const failed = (result: TlsFailureType, failureCode: string | null): Judged => ({
  result,
  failureCode,
});

/** TLS at all. */
function lineResult({ facts, error }: TlsSeen): Judged {
  if (facts !== null) return success;
  if (error === noStartTls) return failed('starttls-not-supported', null);
  return failed('validation-failure', error);
}

function daneResult(dane: Dane, seen: TlsSeen): Judged {
  if (dane.records.length === 0) return failed('tlsa-invalid', 'no-usable-record');
  if (seen.facts === null) return lineResult(seen);
  return seen.daneError === null ? success : certificateFailure(seen.daneError);
}

function stsResult(sts: StsPolicy, host: string, seen: TlsSeen): Judged {
  if (!stsNames(sts, host)) return failed('validation-failure', 'mx-not-in-policy');
  if (seen.facts === null) return lineResult(seen);
  const { verifyError } = seen.facts;
  return verifyError === null ? success : certificateFailure(verifyError);
}

function certificateFailure(code: string): Judged {
  return failed(failureTypes[code] ?? 'certificate-not-trusted', code);
}

/** By the codes of OpenSSL and Node, and ours. */
const failureTypes: Readonly<Record<string, TlsFailureType>> = {
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-host-mismatch',
  HOSTNAME_MISMATCH: 'certificate-host-mismatch',
  TLSA_MISMATCH: 'validation-failure',
};

/** What the policy would say against the session if it were enforced; null: nothing. */
export function stsObjection(sts: StsPolicy, host: string, seen: TlsSeen): string | null {
  const { result, failureCode } = stsResult(sts, host, seen);
  return result === 'success' ? null : (failureCode ?? result);
}
