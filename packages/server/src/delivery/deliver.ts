/**
 * One message to one destination: host after host in the order of the route, until every recipient
 * has a verdict. RFC 5321 §5.1: a host that fails for now gives way to the next one.
 */

import type { Envelope } from '@merpati/client/smtp/envelope.ts';
import type { SmtpTimeouts } from '@merpati/client/smtp/timeouts.ts';
import type { RecipientResult } from '@merpati/client/smtp/transaction.ts';
import type { QueueMessage } from '@merpati/store/contract.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import type { TlsOutcome } from '../reports/outcomes.ts';
import { agreeOnTls, type TlsTerms } from './agree-on-tls.ts';
import type { FoundRoute, NextHost } from './find-route.ts';
import { Attempt, type Batch } from './attempt.ts';
import { HostTrouble } from './host-trouble.ts';
import { deliveryLimits } from './limits.ts';
import { openHost, type OpenedHost } from './open-host.ts';
import { SessionPool, type Session } from './session-pool.ts';
import { StsPolicies } from './sts-policies.ts';
import { accountTrouble } from './tls-outcome.ts';
import { policyKey, type TlsPolicy } from './tls-policy.ts';
import { waivesTls } from './tls-required.ts';
import type { Outgoing } from './outgoing.ts';
import type { Verdict } from './verdict.ts';

export interface Delivered {
  /** In the order of the recipients. */
  readonly verdicts: readonly Verdict[];
  readonly events: readonly JourneyEvent[];
  /** We were told to stop before any server had heard of the message: it was not really tried. */
  readonly isUntried: boolean;
}

export type Route = FoundRoute & { kind: 'hosts' };

type DeliveryHome = Pick<Home, 'config' | 'world' | 'store' | 'metrics' | 'reports'>;

/** What all deliveries of a home share. */
export class Delivery {
  readonly trouble: HostTrouble;
  readonly pool: SessionPool;
  readonly #home: DeliveryHome;
  readonly #policies: StsPolicies;
  readonly #refreshing: NodeJS.Timeout;
  readonly #timeouts: Partial<SmtpTimeouts>;
  readonly #stopping = new AbortController();

  constructor(home: DeliveryHome, timeouts: Partial<SmtpTimeouts> = {}) {
    this.#home = home;
    this.#timeouts = timeouts;
    this.trouble = new HostTrouble(home.config.queue.retry_after_s);
    this.pool = new SessionPool(home.world);
    this.#policies = new StsPolicies(home.world, home.store);
    this.#refreshing = setInterval(() => {
      void this.refreshPolicies();
    }, deliveryLimits.stsSweepMs).unref();
  }

  async deliver(outgoing: Outgoing, route: Route): Promise<Delivered> {
    const attempt = new Attempt(outgoing);
    const terms = await this.#termsOf(attempt, route);
    for (const host of route.hosts) {
      if (!attempt.goesOn || this.#stopping.signal.aborted) break;
      attempt.startHost();
      await this.#tryHost(attempt, { host, route, terms });
    }
    return {
      verdicts: attempt.verdicts(),
      events: attempt.events,
      isUntried: this.#stopping.signal.aborted && attempt.isUntried,
    };
  }

  /** Ends idle conversations politely; those that run have until then to end by themselves. */
  async close(): Promise<void> {
    clearInterval(this.#refreshing);
    await this.pool.close();
  }

  /** Policies of others are fetched anew before they end. RFC 8461 §10.2. */
  async refreshPolicies(): Promise<void> {
    await this.#policies.refresh(this.#stopping.signal).catch(() => {
      // The store is in trouble and says so elsewhere; the policies hold as they are.
    });
  }

  /** Breaks off what still runs. */
  abort(): void {
    this.#stopping.abort();
  }

  /** What the recipients' domain and the sender want of TLS, whichever host it will be. */
  async #termsOf(attempt: Attempt, { mx }: Route): Promise<TlsTerms> {
    const { world } = this.#home;
    const { message, content } = attempt.outgoing;
    // RFC 8689 §5: a bounce goes its way without.
    const requireTls = message.requireTls && message.sender !== '';
    let waived: Promise<boolean> | null = null;
    const waives = () => (requireTls ? Promise.resolve(false) : (waived ??= waivesTls(content)));
    if (mx === null) return { requireTls, waives, sts: null };
    const { domain } = mx;
    const { policy, trouble } = await this.#policies.find(domain);
    const sts = policy?.mode === 'none' ? null : policy;
    if (trouble !== null) {
      const code = policy === null ? 'tls.sts.failed' : 'tls.sts.kept';
      attempt.tell(world, 'warn', code, { domain, error: trouble.error });
      accountTrouble({ sink: this.#counted, domain, host: '', dane: null, sts }, trouble);
    }
    if (sts !== null) {
      const code = sts.mode === 'enforce' ? 'tls.sts.enforce' : 'tls.sts.testing';
      attempt.tell(world, 'ok', code, { domain, hosts: sts.mx.slice(0, deliveryLimits.hostsMax) });
    }
    return { requireTls, waives, sts };
  }

  /** Each session is counted here, and told to whoever reports it to the domain. */
  readonly #counted = (outcome: TlsOutcome): void => {
    const { metrics, reports } = this.#home;
    metrics.tlsSessions.inc({ policy: outcome.policyType, result: outcome.result });
    reports?.tls(outcome);
  };

  async #tryHost(
    attempt: Attempt,
    next: { readonly host: NextHost; readonly route: Route; readonly terms: TlsTerms },
  ): Promise<void> {
    const { host, route } = next;
    const { config, world } = this.#home;
    const { events } = attempt;
    const agreed = await agreeOnTls({ ...next, world, sink: this.#counted, events });
    if (agreed.kind === 'refused') return attempt.hostFailed(agreed.failure);
    const { policy, found, account } = agreed;
    const key = sessionKey(host, policy, route.route?.username ?? '');
    const kept = this.pool.take(key);
    if (kept !== null && (await this.#converse(attempt, kept)) !== 'stale') return;
    const place = `${host.name}:${host.port}`;
    const known = this.trouble.find(place, world.nowMs());
    if (known !== null) return attempt.avoid(host, { world, error: known });
    const opened: OpenedHost = await openHost({
      config,
      world,
      host,
      route: route.route,
      policy,
      found,
      account,
      key,
      timeouts: this.#timeouts,
      signal: this.#stopping.signal,
      events,
    });
    if (opened.kind === 'open') {
      this.trouble.worked(place);
      await this.#converse(attempt, opened.session);
      return;
    }
    attempt.hostFailed(opened.failure);
    if (opened.what === 'loop') attempt.failAll(opened.failure);
    if (opened.what === 'unreachable') {
      this.trouble.failed(place, opened.failure.text, world.nowMs());
    }
  }

  /** `stale`: the kept session was dead when it was to be used; nothing was said. */
  async #converse(attempt: Attempt, session: Session): Promise<'done' | 'stale'> {
    const { world } = this.#home;
    const { client } = session;
    const isReused = session.messages > 0;
    const startedUs = world.nowUs();
    if (isReused) attempt.events.push(reusedEvent(session, startedUs));
    const stop = () => client.destroy();
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    let outcome: 'done' | 'stale' = 'done';
    try {
      for (;;) {
        const batch = attempt.next(client.capabilities.recipientsMax);
        if (batch.length === 0) break;
        session.messages += 1;
        const envelope = envelopeOf(attempt.outgoing.message, batch);
        const results = await client.send(envelope, attempt.outgoing.content);
        if (isReused && isStale(results)) {
          attempt.putBack(batch);
          attempt.events.pop();
          outcome = 'stale';
          break;
        }
        attempt.take(batch, results, { session, world });
        if (!client.isOpen) break;
      }
    } finally {
      this.#stopping.signal.removeEventListener('abort', stop);
    }
    if (outcome === 'stale') {
      client.destroy();
      return outcome;
    }
    attempt.conversed({ session, startedUs, world });
    this.pool.give(session);
    return outcome;
  }
}

function sessionKey({ name, port }: NextHost, policy: TlsPolicy, user: string): string {
  return `${name}:${port} ${policyKey(policy)} ${user}`;
}

/** The server had closed it in the meantime: the very first command met nobody. */
function isStale(results: readonly RecipientResult[]): boolean {
  return results.every(
    (result) =>
      result.kind === 'broken' &&
      result.fault.kind === 'closed' &&
      (result.fault.phase === 'mail' || result.fault.phase === 'reset'),
  );
}

function reusedEvent({ host, address, client, messages }: Session, atUs: number): JourneyEvent {
  const tls = client.tls?.protocol ?? null;
  const args = { host, address, messages, tls };
  return { atUs, stage: 'connect', state: 'ok', code: 'connect.reused', args };
}

function envelopeOf(message: QueueMessage, batch: Batch): Envelope {
  return {
    from: message.sender,
    recipients: batch.map(({ recipient }) => recipient),
    bodyType: message.bodyType,
    smtputf8: message.smtputf8,
    requireTls: message.requireTls,
    envid: message.envid,
    ret: message.ret,
  };
}
