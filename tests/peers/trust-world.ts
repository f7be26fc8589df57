/**
 * An internet in which trust is tried: signed, unsigned and badly signed zones at Knot, asked by
 * way of Unbound; mail servers and a web server for policies on the loopback. Three zones:
 * `aman.test` is signed, `polos.test` is not, and the signatures of `palsu.test` are missing.
 */

import { createServer, type Server } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contentOf } from '../../packages/client/src/smtp/content.ts';
import {
  startScriptedSmtp,
  type ScriptedSmtp,
  type ScriptedSmtpOptions,
} from '../../packages/client/src/testing/scripted-smtp.ts';
import { defaultConfig } from '../../packages/server/src/config/read.ts';
import { Delivery, type Delivered } from '../../packages/server/src/delivery/deliver.ts';
import { findRoute } from '../../packages/server/src/delivery/find-route.ts';
import { createMetrics } from '../../packages/server/src/observe/metrics.ts';
import type { TlsOutcome } from '../../packages/server/src/reports/outcomes.ts';
import { worldWithDns } from '../../packages/server/src/real-world.ts';
import type { World } from '../../packages/server/src/world.ts';
import type { QueueMessage, Store } from '../../packages/store/src/contract.ts';
import { openStore } from '../../packages/store/src/sqlite/open.ts';
import { selfSigned, type Issued } from './certificates.ts';
import { Knot } from './knot.ts';
import { Unbound } from './unbound.ts';

export type ZoneName = 'aman' | 'polos' | 'palsu';

/** A domain below one of the zones, and who takes its mail. */
export interface TrustDomain {
  readonly label: string;
  readonly zone: ZoneName;
  /** Hosts `mx`, `mx2` … in the order of preference; none: the zone's records say it all. */
  readonly peers: readonly ScriptedSmtpOptions[];
  /** More lines, relative to the zone. `{address}` of the first peer, `{address2}` … are put in. */
  readonly records?: readonly string[];
  /** Without MX records for the peers. */
  readonly bare?: boolean;
  /** The answer of its policy host. */
  readonly sts?: StsHost;
}

/** A text is the policy; a function does what it likes. */
export type StsHost = string | ((response: ServerResponse, request: IncomingMessage) => void);

export interface Sent {
  readonly delivered: Delivered;
  /** `delivered`, or `later 4.7.5`. */
  readonly verdict: string;
  /** The codes of the journey. */
  readonly codes: readonly string[];
  /** `sts success`, `tlsa validation-failure TLSA_MISMATCH`. */
  readonly outcomes: readonly string[];
}

export interface SendOptions {
  readonly message?: Partial<QueueMessage>;
  readonly header?: string;
  /** Delivery with a memory of its own: as after a restart, with this store. */
  readonly isRestarted?: boolean;
}

export const mxOf = ({ label, zone }: Pick<TrustDomain, 'label' | 'zone'>, n = 1) =>
  `mx${n === 1 ? '' : n}.${label}.${zone}.test`;

export class TrustWorld implements AsyncDisposable {
  readonly world: World;
  readonly knot: Knot;
  readonly outcomes: TlsOutcome[] = [];
  readonly store: Store;
  /** Label and number → the server. */
  readonly peers = new Map<string, ScriptedSmtp>();
  readonly policies = new Map<string, StsHost>();
  /** `address:port` → where it really is. */
  readonly places: Map<string, number>;
  /** Fetches of policies, by domain. */
  readonly fetched: string[] = [];
  aheadMs = 0;
  readonly #stack = new AsyncDisposableStack();
  #delivery: Delivery;

  private constructor(parts: {
    knot: Knot;
    world: World;
    store: Store;
    places: Map<string, number>;
  }) {
    this.knot = parts.knot;
    this.places = parts.places;
    this.store = parts.store;
    this.world = { ...parts.world, nowMs: () => Date.now() + this.aheadMs };
    this.#delivery = this.#deliveryAnew();
  }

  /** `root`: what the world trusts besides the web's own roots. */
  static async start(root: Issued, domains: readonly TrustDomain[]): Promise<TrustWorld> {
    const stack = new AsyncDisposableStack();
    const places = new Map<string, number>();
    const peers = new Map<string, ScriptedSmtp>();
    const lines = await startPeers(domains, { stack, places, peers });
    const knot = stack.use(
      await Knot.start([
        { name: 'aman.test', signed: true, records: lines.aman },
        { name: 'polos.test', signed: false, records: lines.polos },
        { name: 'palsu.test', signed: false, records: lines.palsu },
      ]),
    );
    const anchor = await knot.anchor('aman.test');
    const zones = { 'aman.test': knot.port, 'polos.test': knot.port, 'palsu.test': knot.port };
    const anchors = [anchor, anchor.replace('aman.test', 'palsu.test')];
    const unbound = stack.use(await Unbound.start({ zones, anchors }));
    const plain = worldWithDns([{ address: '127.0.0.1', port: unbound.port }], 5000);
    const world: World = {
      ...plain,
      trust: [root.certificate],
      dial: (target) =>
        plain.dial({
          ...target,
          address: '127.0.0.1',
          port: places.get(`${target.address}:${target.port}`) ?? 1,
        }),
    };
    const directory = mkdtempSync(join(tmpdir(), 'merpati-trust-'));
    stack.defer(() => rmSync(directory, { recursive: true }));
    const store = await openStore({ directory, nowMs: Date.now() });
    stack.defer(() => store.close());
    const there = new TrustWorld({ knot, world, store, places });
    for (const [name, peer] of peers) there.peers.set(name, peer);
    places.set(`${policyAddress}:443`, await there.#serve(root, domains));
    there.#stack.use(stack);
    return there;
  }

  get delivery(): Delivery {
    return this.#delivery;
  }

  peer({ label }: Pick<TrustDomain, 'label'>, n = 1): ScriptedSmtp {
    const peer = this.peers.get(`${label} ${n}`);
    if (peer === undefined) throw new Error(`no peer ${n} at ${label}`);
    return peer;
  }

  async send(at: TrustDomain, options: SendOptions = {}): Promise<Sent> {
    const domain = `${at.label}.${at.zone}.test`;
    const from = this.outcomes.length;
    const delivered = await this.#deliver(domain, options);
    const [verdict] = delivered.verdicts;
    return {
      delivered,
      verdict:
        verdict?.kind === 'failed' ? `${verdict.again} ${verdict.status}` : (verdict?.kind ?? ''),
      codes: delivered.events.map(({ code }) => code),
      outcomes: this.outcomes.slice(from).map(shown),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#delivery.close();
    await this.#stack.disposeAsync();
  }

  async #deliver(domain: string, options: SendOptions): Promise<Delivered> {
    const { world } = this;
    if (options.isRestarted === true) {
      await this.#delivery.close();
      this.#delivery = this.#deliveryAnew();
    }
    const route = await findRoute({ config, world, domain, override: null });
    if (route.kind === 'none') {
      return { verdicts: [route.failure], events: [route.event], isUntried: false };
    }
    const outgoing = {
      message: { ...plainMessage, ...options.message },
      recipients: [{ address: `you@${domain}`, notify: [], orcpt: null }],
      content: contentOf(Buffer.from(`${options.header ?? ''}Subject: hi\r\n\r\nhello\r\n`)),
    };
    const done = await this.#delivery.deliver(outgoing, route);
    return { ...done, events: [route.event, ...done.events] };
  }

  #deliveryAnew(): Delivery {
    const reports = {
      tls: (outcome: TlsOutcome) => this.outcomes.push(outcome),
      dmarc() {},
      arrived() {},
    };
    const { world, store } = this;
    return new Delivery({ config, world, store, metrics: createMetrics(), reports });
  }

  /** One server for the policies of all of them. */
  async #serve(root: Issued, domains: readonly TrustDomain[]): Promise<number> {
    const names = domains.map(({ label, zone }) => `mta-sts.${label}.${zone}.test`);
    const { chain, key } = await root.issue({ names });
    const server: Server = createServer({ cert: chain, key }, (request, response) => {
      const domain = (request.headers.host ?? '').replace(/^mta-sts\./, '');
      this.fetched.push(domain);
      const policy = this.policies.get(domain);
      if (typeof policy === 'function') return policy(response, request);
      if (policy === undefined || request.url !== '/.well-known/mta-sts.txt') {
        return response.writeHead(404).end();
      }
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(policy);
    });
    for (const { label, zone, sts } of domains) {
      if (sts !== undefined) this.policies.set(`${label}.${zone}.test`, sts);
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }
}

const policyAddress = '127.0.3.1';
const config = defaultConfig({ hostname: 'mx.pengirim.test' });
const plainMessage: QueueMessage = {
  sender: 'me@pengirim.test',
  prefix: new Uint8Array(0),
  envid: null,
  ret: null,
  bodyType: '7bit',
  smtputf8: false,
  requireTls: false,
  submittedBy: null,
};

function shown({ policyType, result, failureCode }: TlsOutcome): string {
  return [policyType, result, failureCode ?? ''].join(' ').trim();
}

/** Starts them; gives the lines of the zones. */
async function startPeers(
  domains: readonly TrustDomain[],
  about: {
    readonly stack: AsyncDisposableStack;
    readonly places: Map<string, number>;
    readonly peers: Map<string, ScriptedSmtp>;
  },
): Promise<Record<ZoneName, string[]>> {
  const lines: Record<ZoneName, string[]> = { aman: [], polos: [], palsu: [] };
  let count = 0;
  for (const { label, zone, peers, records = [], bare = false, sts } of domains) {
    const own = lines[zone];
    const addresses: string[] = [];
    for (const [i, options] of peers.entries()) {
      count += 1;
      const address = `127.0.2.${count}`;
      const n = i === 0 ? '' : i + 1;
      const peer = about.stack.use(await startScriptedSmtp(options));
      about.places.set(`${address}:25`, peer.port);
      about.peers.set(`${label} ${i + 1}`, peer);
      addresses.push(address);
      if (bare) continue;
      own.push(`${label} MX ${10 + i} mx${n}.${label}`, `mx${n}.${label} A ${address}`);
    }
    if (sts !== undefined) {
      own.push(`_mta-sts.${label} TXT "v=STSv1; id=1;"`, `mta-sts.${label} A ${policyAddress}`);
    }
    const fill = (line: string) =>
      line.replaceAll(/\{address(\d?)\}/g, (_, n: string) => addresses[Number(n || 1) - 1] ?? '');
    own.push(...records.map(fill));
  }
  return lines;
}

export const trustedRoot = () => selfSigned({ names: ['Root of the tests'], authority: {} });
