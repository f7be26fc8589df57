/**
 * Where mail for a domain goes: a way set by a person for these items, one of the configuration, an
 * address literal, or the MX hosts. RFC 5321 §5.1, §4.1.3.
 */

import { isIP } from 'node:net';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Config, Route } from '../config/schema.ts';
import type { World } from '../world.ts';
import { deliveryLimits } from './limits.ts';
import { findExchangers, type Exchangers } from './mail-exchangers.ts';
import { matchRoute, readNextHop } from './route-table.ts';
import { failure, type Failure } from './verdict.ts';

export interface NextHost {
  /** A name, or an address that stands for itself. */
  readonly name: string;
  readonly port: number;
}

export interface MailDomain {
  readonly domain: string;
  /** The name that its alias leads to; the domain itself without one. */
  readonly expanded: string;
}

export type FoundRoute =
  | {
      readonly kind: 'hosts';
      readonly hosts: readonly NextHost[];
      /** The configured way: TLS and credentials come from it. */
      readonly route: Route | null;
      /**
       * Nobody on the way could have changed where it leads: validated DNS, or a person said so.
       */
      readonly isTrusted: boolean;
      /** The MX records of a domain have led here; null: a person has, or a literal. */
      readonly mx: MailDomain | null;
      readonly event: JourneyEvent;
    }
  | { readonly kind: 'none'; readonly failure: Failure; readonly event: JourneyEvent };

export interface RouteQuestion {
  readonly config: Config;
  readonly world: Pick<World, 'dns' | 'random' | 'nowUs'>;
  /** A-labels in lower case, or `[literal]`. */
  readonly domain: string;
  /** Set by `reroute` on the queue item. */
  readonly override: string | null;
}

export async function findRoute(question: RouteQuestion): Promise<FoundRoute> {
  const { config, domain, override } = question;
  if (override !== null) return followOverride(question, override);
  const route = matchRoute(config.routes, domain);
  if (route !== null) {
    const hop = readNextHop(route.host);
    if (hop === null) return nowhere(question, 'route.malformed', { host: route.host });
    const args = { domain, host: hop.host, port: route.port };
    const hosts = [{ name: hop.host, port: route.port }];
    return {
      kind: 'hosts',
      hosts,
      route,
      isTrusted: true,
      mx: null,
      event: tell(question, 'route.set', args),
    };
  }
  return domain.startsWith('[') ? followLiteral(question) : followExchangers(question);
}

function followOverride(question: RouteQuestion, override: string): FoundRoute {
  const hop = readNextHop(override);
  if (hop === null) return nowhere(question, 'route.malformed', { host: override });
  const route =
    question.config.routes.find(
      ({ host, port }) => readNextHop(host)?.host === hop.host && port === hop.port,
    ) ?? null;
  const args = { domain: question.domain, host: hop.host, port: hop.port };
  const event = tell(question, 'route.rerouted', args);
  const hosts = [{ name: hop.host, port: hop.port }];
  return { kind: 'hosts', hosts, route, isTrusted: true, mx: null, event };
}

/** A way that somebody has mistyped waits for him to mend it. */
function nowhere(
  question: RouteQuestion,
  code: string,
  args: { readonly host: string },
): FoundRoute {
  const text = `the route "${args.host}" is no host`;
  const event = { ...tell(question, code, args), state: 'fail' } as const;
  return { kind: 'none', failure: failure('later', '4.3.5', text), event };
}

function followLiteral(question: RouteQuestion): FoundRoute {
  const address = question.domain.slice(1, -1).replace(/^ipv6:/i, '');
  if (isIP(address) === 0) {
    const text = `${question.domain} is no address`;
    const told = tell(question, 'route.literal.bad', { domain: question.domain });
    const event = { ...told, state: 'fail' } as const;
    return { kind: 'none', failure: failure('never', '5.1.3', text), event };
  }
  const event = tell(question, 'route.literal', { address });
  const hosts = [{ name: address, port: 25 }];
  return { kind: 'hosts', hosts, route: null, isTrusted: true, mx: null, event };
}

async function followExchangers(question: RouteQuestion): Promise<FoundRoute> {
  const { config, world, domain } = question;
  const startedUs = world.nowUs();
  const found = await findExchangers(world, domain, [config.hostname.toLowerCase()]);
  const durUs = world.nowUs() - startedUs;
  if (found.kind !== 'hosts') {
    const { code, verdict } = whyNot(found, domain);
    const args = { domain, ...(found.kind === 'unknown' ? { reason: found.reason } : {}) };
    const state = verdict.again === 'later' ? 'warn' : 'fail';
    const event = { ...tell(question, code, args), state, durUs } as const;
    return { kind: 'none', failure: verdict, event };
  }
  const event = found.implicit
    ? tell(question, 'dns.mx.implicit', { domain })
    : tell(question, foundCode(world.dns, found.authenticated), {
        domain,
        hosts: found.listed.slice(0, deliveryLimits.hostsMax),
        ttl: found.ttlSeconds,
        dnssec: found.authenticated,
      });
  const hosts = found.hosts
    .slice(0, deliveryLimits.hostsMax)
    .map(({ name }) => ({ name, port: 25 }));
  return {
    kind: 'hosts',
    hosts,
    route: null,
    isTrusted: found.authenticated,
    mx: { domain, expanded: found.expanded },
    event: { ...event, durUs },
  };
}

/** Whether DANE can hold, and if not, whether it is for want of a resolver to believe. */
function foundCode({ isTrusted }: World['dns'], authenticated: boolean): string {
  if (authenticated) return 'dns.mx.signed';
  return isTrusted === false ? 'dns.mx.unchecked' : 'dns.mx.found';
}

function whyNot(
  found: Exclude<Exchangers, { kind: 'hosts' }>,
  domain: string,
): { readonly code: string; readonly verdict: Failure } {
  switch (found.kind) {
    case 'no-domain':
      return {
        code: 'dns.nxdomain',
        verdict: failure('never', '5.1.2', `the domain ${domain} does not exist`),
      };
    case 'null-mx':
      return {
        code: 'dns.mx.null',
        // RFC 7505 §4.1.
        verdict: failure('never', '5.1.10', `the domain ${domain} takes no mail (null MX)`),
      };
    case 'loop':
      return {
        code: 'route.loop',
        verdict: failure('never', '5.4.6', `mail for ${domain} would come back to this server`),
      };
    case 'unusable':
      return {
        code: 'dns.mx.unusable',
        verdict: failure('never', '5.4.4', `the MX records of ${domain} name no host`),
      };
    case 'unknown':
      return {
        code: 'dns.failed',
        verdict: failure(
          'later',
          '4.4.3',
          `the DNS gives no answer about ${domain}: ${found.reason}`,
        ),
      };
    default:
      return found satisfies never;
  }
}

function tell(question: RouteQuestion, code: string, args: JourneyEvent['args']): JourneyEvent {
  return {
    atUs: question.world.nowUs(),
    stage: 'route',
    state: 'ok',
    code,
    ...(args === undefined ? {} : { args }),
  };
}
