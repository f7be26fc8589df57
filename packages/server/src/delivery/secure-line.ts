/**
 * TLS with one host, as the policy has it: what is asked of the server, what came of it, and who is
 * told. RFC 3207, RFC 7435 §3; RFC 7672 §2.2; RFC 8461 §4.2.
 */

import type { SmtpClient } from '@merpati/client/smtp/client.ts';
import { SmtpFault } from '@merpati/client/smtp/fault.ts';
import type { TlsFacts } from '@merpati/client/smtp/tls-facts.ts';
import type { EventState, JourneyEvent } from '@merpati/store/journey.ts';
import type { World } from '../world.ts';
import { judgeByDane, type DaneVerdict } from './dane-judge.ts';
import type { NextHost } from './find-route.ts';
import {
  account,
  notSeen,
  noStartTls,
  stsObjection,
  type TlsAccount,
  type TlsSeen,
} from './tls-outcome.ts';
import { policyReasons, type TlsPolicy } from './tls-policy.ts';
import { failure, type Failure } from './verdict.ts';

export interface LineQuestion {
  readonly world: World;
  readonly host: NextHost;
  readonly policy: TlsPolicy;
  /** null: nobody is told of this session. */
  readonly account: TlsAccount | null;
  readonly events: JourneyEvent[];
}

export class SecureLine {
  /** What the client is to ask of the server. */
  readonly options: Parameters<SmtpClient['startTls']>[0];
  readonly #question: LineQuestion;
  #verdict: DaneVerdict | null = null;

  constructor(question: LineQuestion) {
    const { world, host, policy } = question;
    const { dane, verify, mode } = policy;
    this.#question = question;
    this.options = {
      // RFC 7672 §2.2.1, §8.1: whoever serves several names must know which is meant.
      host: dane === null ? host.name : dane.base,
      verify,
      modern: mode !== 'opportunistic',
      ...(world.trust === undefined ? {} : { ca: world.trust }),
      ...(dane === null || dane.records.length === 0
        ? {}
        : { judge: (presented) => this.#judge(presented) }),
    };
  }

  /** null: all is as the policy wants it. Throws SmtpFault when the conversation is over. */
  async secure(client: SmtpClient): Promise<Failure | null> {
    const { policy, host, world } = this.#question;
    if (client.tls !== null) return this.#secured(client, client.tls, 0);
    if (policy.mode === 'off') return null;
    if (!client.capabilities.startTls) {
      this.#account({ client, error: noStartTls });
      if (policy.mode !== 'opportunistic') return this.#missing();
      this.#tell('warn', 'tls.none', { host: host.name });
      return null;
    }
    const startedUs = world.nowUs();
    try {
      const facts = await client.startTls(this.options);
      return this.#secured(client, facts, world.nowUs() - startedUs);
    } catch (error) {
      if (!(error instanceof SmtpFault)) throw error;
      if (error.kind !== 'refused' || error.phase !== 'starttls') throw error;
      return this.#refused(client, error);
    }
  }

  /** TLS has ended the conversation. */
  broken(fault: SmtpFault, client: SmtpClient | null): void {
    const { host } = this.#question;
    const { tls } = fault;
    const error = fault.message;
    if (tls === null) this.#tell('warn', 'tls.failed', { host: host.name, error });
    else this.#tell('fail', 'tls.wrong', { host: host.name, ...this.#facts(tls), error });
    const code = (fault.cause as NodeJS.ErrnoException | undefined)?.code ?? fault.kind;
    this.#account({ client, facts: tls, error: code });
  }

  #secured(client: SmtpClient, facts: TlsFacts, durUs: number): null {
    const args = this.#facts(facts);
    if (this.#verdict?.kind === 'right') {
      this.#tell('ok', 'tls.dane.right', { ...args, record: this.#verdict.record }, durUs);
    } else if (facts.verifyError === null) this.#tell('ok', 'tls.ok', args, durUs);
    else this.#tell('info', 'tls.unverified', args, durUs);
    this.#account({ client, facts });
    return null;
  }

  #missing(): Failure {
    const { policy, host } = this.#question;
    this.#tell('fail', 'tls.missing', { host: host.name });
    return unsafe(policy, `${host.name} offers no TLS`);
  }

  /** It has said no and goes on listening. */
  #refused(client: SmtpClient, fault: SmtpFault): Failure | null {
    const { policy, host } = this.#question;
    const args = { host: host.name, reply: fault.message };
    this.#account({ client, error: noStartTls });
    if (policy.mode === 'opportunistic') {
      this.#tell('warn', 'tls.refused', args);
      return null;
    }
    this.#tell('fail', 'tls.denied', args);
    return unsafe(policy, `${host.name} refuses TLS (${fault.message})`);
  }

  #judge(presented: Parameters<typeof judgeByDane>[0]): string | null {
    const { policy, world } = this.#question;
    const { records = [], names = [] } = policy.dane ?? {};
    this.#verdict = judgeByDane(presented, { records, names, nowMs: world.nowMs() });
    return this.#verdict.kind === 'right' ? null : this.#verdict.error;
  }

  #account(about: {
    readonly client: SmtpClient | null;
    readonly facts?: TlsFacts | null;
    readonly error?: string;
  }): void {
    const { account: told } = this.#question;
    if (told === null) return;
    const { client } = about;
    const seen: TlsSeen = {
      ...notSeen,
      facts: about.facts ?? null,
      error: about.error ?? null,
      daneError: this.#verdict?.kind === 'wrong' ? this.#verdict.error : null,
      sendingIp: client?.localAddress || null,
      receivingIp: client?.remoteAddress || null,
      helo: client?.heloName || null,
    };
    account(told, seen);
    if (told.sts?.mode !== 'testing') return;
    const objection = stsObjection(told.sts, told.host, seen);
    if (objection === null) return;
    this.#tell('warn', 'tls.sts.trial', { host: told.host, domain: told.domain, error: objection });
  }

  #facts({ protocol, cipher, verifyError, certificate }: TlsFacts) {
    const untilMs = certificate?.notAfterMs ?? Number.NaN;
    const days = Math.floor((untilMs - this.#question.world.nowMs()) / 86_400_000);
    const isDated = certificate !== null && !Number.isNaN(days);
    return {
      protocol,
      cipher,
      subject: certificate?.subject ?? null,
      issuer: certificate?.issuer ?? null,
      names: certificate?.names ?? [],
      days: isDated ? days : null,
      fromMs: isDated ? certificate.notBeforeMs : null,
      untilMs: isDated ? untilMs : null,
      fingerprint: certificate?.sha256 ?? null,
      error: verifyError,
      policy: this.#question.policy.source,
    };
  }

  #tell(state: EventState, code: string, args: JourneyEvent['args'] & object, durUs?: number) {
    const { world, events } = this.#question;
    const took = durUs === undefined ? {} : { durUs };
    events.push({ atUs: world.nowUs(), stage: 'tls', state, code, args, ...took });
  }
}

/**
 * RFC 8689 §4.2.1 names 5.7.10; others who demand TLS may get it when somebody has mended it.
 */
export function unsafe({ source }: TlsPolicy, text: string): Failure {
  const why = `${text}, ${policyReasons[source]}`;
  return source === 'requiretls'
    ? failure('never', '5.7.10', why)
    : failure('later', '4.7.10', why);
}
