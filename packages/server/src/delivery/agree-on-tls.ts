/**
 * Before a host is spoken with: what the signed DNS and the domain's policy want of it, whether it
 * may be spoken with at all, and what the journey is told about that. RFC 7672 §2, RFC 8461 §4.1,
 * §5; RFC 8689 §4.2.
 */

import { stsNames, type StsPolicy } from '@merpati/formats/auth/sts.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { World } from '../world.ts';
import { findDane, type Dane, type DaneFinding } from './dane.ts';
import type { FoundRoute, NextHost } from './find-route.ts';
import { findAddresses, type HostAddresses } from './host-addresses.ts';
import { account, accountUnknown, notSeen, type TlsAccount } from './tls-outcome.ts';
import { decideTlsPolicy, type TlsPolicy } from './tls-policy.ts';
import { failure, type Failure } from './verdict.ts';

/** What holds for the message, whichever host it goes to. */
export interface TlsTerms {
  readonly requireTls: boolean;
  /** Of the recipients' domain; none in mode `none`. */
  readonly sts: StsPolicy | null;
  /** The sender wants it delivered rather than guarded; looks into the message. */
  waives(): Promise<boolean>;
}

export interface TlsQuestion {
  readonly world: Pick<World, 'dns' | 'nowUs'>;
  readonly sink: TlsAccount['sink'];
  readonly route: FoundRoute & { readonly kind: 'hosts' };
  readonly host: NextHost;
  readonly terms: TlsTerms;
  /** Events go here as things happen. */
  readonly events: JourneyEvent[];
}

export type Agreed =
  | {
      readonly kind: 'policy';
      readonly policy: TlsPolicy;
      /** Asked for on the way; null: nobody has asked yet. */
      readonly found: HostAddresses | null;
      /** null: this session is none of what is reported. */
      readonly account: TlsAccount | null;
    }
  /** Not with this host. */
  | { readonly kind: 'refused'; readonly failure: Failure };

export async function agreeOnTls(question: TlsQuestion): Promise<Agreed> {
  const { route, terms } = question;
  const { requireTls } = terms;
  if (route.mx === null) {
    const policy = decideTlsPolicy({ route: route.route, requireTls, dane: null, sts: null });
    return { kind: 'policy', policy, found: null, account: null };
  }
  const { found, finding } = await lookUp(question, route.mx);
  const isWanted = finding.kind !== 'none' || terms.sts?.mode === 'enforce';
  if (isWanted && (await terms.waives())) {
    tell(question, 'info', 'tls.waived', {});
    const policy = decideTlsPolicy({ route: null, requireTls, dane: null, sts: null });
    return { kind: 'policy', policy, found, account: null };
  }
  const dane = finding.kind === 'found' ? finding.dane : null;
  const told: TlsAccount = {
    sink: question.sink,
    domain: route.mx.domain,
    host: question.host.name,
    dane,
    sts: terms.sts,
  };
  const why =
    finding.kind === 'unknown' ? unknown(question, finding, told) : object(question, told);
  if (why !== null) return { kind: 'refused', failure: why };
  if (dane !== null) tellDane(question, dane);
  const policy = decideTlsPolicy({ route: null, requireTls, dane, sts: terms.sts });
  return { kind: 'policy', policy, found, account: told };
}

async function lookUp(
  { world, route, host }: TlsQuestion,
  { domain, expanded }: { readonly domain: string; readonly expanded: string },
): Promise<{ readonly found: HostAddresses | null; readonly finding: DaneFinding }> {
  // Who has not signed where his mail goes has not asked for DANE. RFC 7672 §2.2.1.
  if (!route.isTrusted) return { found: null, finding: { kind: 'none' } };
  const found = await findAddresses(world, host.name);
  if (found.kind !== 'addresses') return { found, finding: { kind: 'none' } };
  const nextHops = [domain, expanded];
  const asked = { host: host.name, port: host.port, found, nextHops };
  return { found, finding: await findDane(world, asked) };
}

function unknown(
  question: TlsQuestion,
  { base, reason }: DaneFinding & { readonly kind: 'unknown' },
  told: TlsAccount,
): Failure {
  const host = question.host.name;
  tell(question, 'warn', 'tls.dane.unknown', { host, reason });
  accountUnknown(told, { base, reason });
  const text = `the DNS gives no sound answer about the certificate of ${host}: ${reason}`;
  return failure('later', '4.7.5', text);
}

/** Why this host may not have the message, whatever it shows; null: it may. */
function object({ terms, route, ...question }: TlsQuestion, told: TlsAccount): Failure | null {
  const { dane, sts, domain, host } = told;
  const isEnforced = sts?.mode === 'enforce' && (dane === null || dane.records.length === 0);
  if (isEnforced && !stsNames(sts, host)) {
    const hosts = sts.mx.slice(0, shownMax);
    tell(question, 'warn', 'tls.sts.unnamed', { host, domain, hosts });
    account(told, notSeen);
    const text = `the policy of ${domain} does not name ${host} (MTA-STS)`;
    return failure('later', '4.7.0', text);
  }
  // RFC 8689 §4.2.1: who says that this is the domain's server must be beyond doubt too.
  if (!terms.requireTls || route.isTrusted || isEnforced) return null;
  tell(question, 'fail', 'tls.unvouched', { host, domain });
  const text = `REQUIRETLS: nothing vouches for ${host} (no DNSSEC, no MTA-STS)`;
  return failure('never', '5.7.30', text);
}

function tellDane(question: Pick<TlsQuestion, 'world' | 'host' | 'events'>, dane: Dane): void {
  const records = dane.listed.slice(0, shownMax).map(short);
  const args = { host: question.host.name, base: dane.base, records };
  if (dane.records.length > 0) tell(question, 'ok', 'tls.dane.found', args);
  else tell(question, 'warn', 'tls.dane.unusable', args);
}

/** Records that the journey shows, and digits of each that are enough to tell them apart. */
const shownMax = 8;
const short = (record: string) => (record.length > 30 ? `${record.slice(0, 22)}…` : record);

function tell(
  { world, events }: Pick<TlsQuestion, 'world' | 'events'>,
  state: JourneyEvent['state'],
  code: string,
  args: JourneyEvent['args'] & object,
): void {
  events.push({ atUs: world.nowUs(), stage: 'tls', state, code, args });
}
