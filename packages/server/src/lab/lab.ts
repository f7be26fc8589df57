/**
 * The lab: two mail servers, an authority for their certificates and a DNS, in one process on
 * loopback. Everything in it runs the code of production over real sockets; only the world differs.
 */

import { mkdir } from 'node:fs/promises';
import { createHash, X509Certificate } from 'node:crypto';
import path from 'node:path';
import { readCertificate } from '@merpati/formats/x509/certificate.ts';
import type { Logger } from 'pino';
import { createAuthenticator } from '../accounts/authenticate.ts';
import type { Connection } from '../admin/connection.ts';
import {
  dnsFaults,
  type DnsFault,
  type LabControl,
  type LabFault,
  type LabFaultState,
} from '../admin/lab-control.ts';
import type { AdminContext } from '../admin/operation.ts';
import { perform, performStream } from '../admin/perform.ts';
import { ServedCertificates } from '../certificates/served.ts';
import { defaultConfig } from '../config/read.ts';
import type { Config } from '../config/schema.ts';
import { createResolver } from '../dns/resolver.ts';
import { domainFacts } from '../domains/facts.ts';
import type { DomainFacts } from '../domains/records.ts';
import type { Certificates, Fault, Home } from '../home.ts';
import { startControlSocket } from '../http/control-socket.ts';
import { careForKeys } from '../signing/key-care.ts';
import { openHome, runHome, type Running } from '../serve.ts';
import { makeWrongCertificate, openAuthority, type Authority } from './authority.ts';
import { startDnsServer, type DnsServer } from './dns-server.ts';
import { createLabWorld, type LabWorld } from './lab-world.ts';
import type { World } from '../world.ts';
import type { LabPorts } from './ports.ts';
import { createZone } from './zone.ts';

export interface LabOptions {
  /** Holds the stores, the certificates and the control socket. */
  readonly folder: string;
  readonly ports: LabPorts;
  readonly real: World;
  readonly log: (server: string) => Logger;
  readonly version: string;
  /** Besides 127.0.0.1: submission, IMAP and POP3 for a phone in the same network. */
  readonly alsoAt?: string;
}

/** The people of the lab. */
export interface LabAccount {
  readonly address: string;
  readonly name: string;
  readonly password: string;
}

export interface Lab {
  readonly context: AdminContext;
  readonly authority: Authority;
  /** You, then your friend. */
  readonly accounts: readonly [LabAccount, LabAccount];
  readonly connection: Connection;
  readonly ports: LabPorts;
  stop(): Promise<void>;
}

/** Stands for a server in the DNS; the lab's `dial` knows where it really is. */
const addresses = ['127.0.0.11', '127.0.0.12'] as const;
/** Nobody's server: what the fault `forged-sender` sends comes from there. */
const strangersAddress = '127.0.0.66';
const domains = ['merpati.test', 'surat.test'] as const;
const here = '127.0.0.1';

interface Server {
  readonly home: Home;
  readonly faults: Set<Fault>;
  readonly good: Certificates;
  /** Of its right certificate, for the DNS. RFC 7672 §3.1.1: 3 1 1. */
  readonly keyHash: Uint8Array;
}

export async function startLab(options: LabOptions): Promise<Lab> {
  const { folder, ports, real } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = await openAuthority(folder, real.nowMs());
  const dnsFaultsOn = new Map<string, Set<DnsFault>>();
  const servers: Server[] = [];
  const hosts = domains.map((domain, i) => ({
    hostname: `mx.${domain}`,
    address: addresses[i] ?? here,
    facts: () => factsOf(servers[i]),
  }));
  const stops: (() => Promise<void>)[] = [];
  try {
    const dns = await startDnsServer(createZone(hosts, dnsFaultsOn), {
      address: here,
      port: ports.dns,
    });
    stops.push(() => dns.stop());
    const world = worldOf(options, { dns, authority, servers });
    for (const [i, domain] of domains.entries()) {
      servers.push(await openServer(options, { world, authority, domain, index: i }));
    }
    const homes = servers.map((server) => server.home);
    const [first, second] = homes;
    if (first === undefined || second === undefined) throw new Error('a lab has two servers');
    const running = await runAll(homes);
    stops.push(...running.map((one) => () => one.stop()));
    const people = peopleOf(options);
    const control = createControl({ authority, dns, servers, dnsFaultsOn, people, world });
    const server = { startedMs: real.nowMs(), version: options.version };
    const context: AdminContext = { homes: [first, second], lab: control, server };
    const connection = connectionTo(context);
    await populate(connection, people);
    await useKeys(homes);
    const socket = await startControlSocket(context, folder);
    stops.push(() => socket.stop());
    const stop = () => stopAll(stops);
    return { context, authority, accounts: people, connection, ports, stop };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** The zone describes the right certificate, whichever one a fault makes the server show. */
async function factsOf(server: Server | undefined): Promise<DomainFacts[]> {
  if (server === undefined) return [];
  const { home, keyHash } = server;
  const rows = await home.store.domains();
  return Promise.all(
    rows.map(async ({ name }) => ({ ...(await domainFacts(home, name)), keyHashes: [keyHash] })),
  );
}

/** Their records are in the zone from the first moment on: mail is signed from the first one on. */
async function useKeys(homes: readonly Home[]): Promise<void> {
  for (const home of homes) {
    for (const { name } of await home.store.domains()) await careForKeys(home, name);
  }
}

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  while (stops.length > 0) await stops.pop()?.();
}

function worldOf(
  { real, ports }: LabOptions,
  lab: {
    readonly dns: DnsServer;
    readonly authority: Authority;
    readonly servers: readonly Server[];
  },
): LabWorld {
  const newResolver = () =>
    createResolver({
      servers: [{ address: here, port: lab.dns.port }],
      timeoutMs: 1000,
      nowMs: () => real.nowMs(),
      randomBytes: (count) => real.randomBytes(count),
    });
  const places = addresses.map((address, i) => ({
    address,
    port: 25,
    real: () =>
      lab.servers[i]?.faults.has('down') === true
        ? null
        : { address: here, port: ports.servers[i]?.smtp ?? 0 },
  }));
  const trust = [lab.authority.certificate];
  return { ...createLabWorld(real, newResolver, places), trust };
}

async function openServer(
  options: LabOptions,
  about: {
    readonly world: LabWorld;
    readonly authority: Authority;
    readonly domain: string;
    readonly index: number;
  },
): Promise<Server> {
  const { domain, world, authority } = about;
  const hostname = `mx.${domain}`;
  const names = [hostname, `mail.${domain}`, domain, 'localhost', here, '::1'];
  if (options.alsoAt !== undefined) names.push(options.alsoAt);
  const { certificate, key } = await authority.issue(names, world.nowMs());
  const good = new ServedCertificates([{ certificate, key }], world);
  const faults = new Set<Fault>();
  const config = configOf(options, { hostname, domain, index: about.index });
  const log = options.log(hostname);
  const own = addresses[about.index] ?? here;
  const from = (): string => (faults.has('forged-sender') ? strangersAddress : own);
  const ownWorld = { ...world, dial: world.dialFrom(from) };
  const { publicKey } = readCertificate(new X509Certificate(certificate).raw);
  const keyHash = createHash('sha256').update(publicKey).digest();
  const home = await openHome(config, ownWorld, { log, faults, tls: good });
  return { home, faults, good, keyHash };
}

function configOf(
  options: LabOptions,
  about: { readonly hostname: string; readonly domain: string; readonly index: number },
): Config {
  const ports = options.ports.servers[about.index] ?? options.ports.servers[0];
  const at = (port: number) => [`${here}:${port}`];
  const everywhere = (port: number) =>
    options.alsoAt === undefined ? at(port) : [...at(port), `${options.alsoAt}:${port}`];
  return defaultConfig({
    hostname: about.hostname,
    data: path.join(options.folder, about.domain),
    listen: {
      smtp: at(ports.smtp),
      submission: everywhere(ports.submission),
      submissions: everywhere(ports.submissions),
      pop3: everywhere(ports.pop3),
      pop3s: everywhere(ports.pop3s),
      imap: everywhere(ports.imap),
      imaps: everywhere(ports.imaps),
      http: at(ports.http),
    },
    // Nobody waits an hour to see a retry.
    queue: { retry_after_s: [5, 10, 20, 30, 60], delay_notice_after_s: 300, expire_after_s: 3600 },
    limits: { messages_per_day: 1_000_000, new_recipients_per_day: 1_000_000 },
    publish: { addresses: [addresses[about.index] ?? here], dmarc: 'reject', ttl_s: 1 },
  });
}

/** Everybody may log in at either server's ports: the login decides whose mail it is. */
async function runAll(homes: readonly Home[]): Promise<Running[]> {
  const running: Running[] = [];
  try {
    for (const home of homes) {
      const others = homes.filter((one) => one !== home);
      const authenticator = createAuthenticator([home, ...others]);
      running.push(await runHome(home, { authenticator, plainAllowed: true }));
    }
    return running;
  } catch (error) {
    await Promise.all(running.map((one) => one.stop()));
    const started = new Set(running.map((one) => one.home));
    await Promise.all(homes.flatMap((home) => (started.has(home) ? [] : [home.store.close()])));
    throw error;
  }
}

/** A lab that others can reach has a password that others cannot guess. */
function peopleOf({ alsoAt, real }: LabOptions): [LabAccount, LabAccount] {
  const letters = Buffer.from(real.randomBytes(6)).toString('hex');
  const password = alsoAt === undefined ? 'merpati' : `merpati-${letters}`;
  return [
    { address: 'you@merpati.test', name: 'You', password },
    { address: 'friend@surat.test', name: 'Friend', password },
  ];
}

/** Domains and accounts, where they are not there from the last time. */
async function populate(connection: Connection, people: readonly LabAccount[]): Promise<void> {
  const known = new Set((await connection.call('domain.list', {})).map((one) => one.name));
  for (const name of domains) {
    if (known.has(name)) continue;
    await connection.call('domain.put', { name, mode: 'add', server: `mx.${name}` });
  }
  const accounts = new Set((await connection.call('account.list', {})).map((one) => one.address));
  for (const { address, name, password } of people) {
    if (accounts.has(address)) await connection.call('account.password', { address, password });
    else await connection.call('account.add', { address, password, displayName: name });
  }
}

function connectionTo(context: AdminContext): Connection {
  return {
    call: async (name, input) => (await perform(context, name, input)) as never,
    stream: (name, input, signal) =>
      performStream(context, { name, input }, signal ?? new AbortController().signal) as never,
    close: async () => {},
  };
}

function createControl(lab: {
  readonly authority: Authority;
  readonly dns: DnsServer;
  readonly servers: readonly Server[];
  readonly dnsFaultsOn: Map<string, Set<DnsFault>>;
  readonly people: readonly LabAccount[];
  readonly world: LabWorld;
}): LabControl {
  const faults = (): LabFaultState[] => [
    ...lab.servers.flatMap(({ home, faults: on }) =>
      [...on].map((fault) => ({ fault, where: home.config.hostname })),
    ),
    ...[...lab.dnsFaultsOn].flatMap(([domain, on]) =>
      [...on].map((fault) => ({ fault, where: domain })),
    ),
  ];
  return {
    faults,
    info: () => ({
      certificateFile: lab.authority.certificateFile,
      password: lab.people[0]?.password ?? '',
      accounts: lab.people.map((one) => one.address),
      faults: faults(),
      dns: `${here}:${lab.dns.port}`,
    }),
    async setFault({ fault, on, domain, home }) {
      if (isDnsFault(fault)) {
        const set = lab.dnsFaultsOn.get(domain) ?? new Set();
        lab.dnsFaultsOn.set(domain, set);
        if (on) set.add(fault);
        else set.delete(fault);
        return;
      }
      const server = lab.servers.find((one) => one.home === home);
      if (server === undefined) throw new Error('a home that is not of this lab');
      if (on) server.faults.add(fault);
      else server.faults.delete(fault);
      lab.world.cut(addresses[lab.servers.indexOf(server)] ?? here);
      if (fault === 'forged-sender') lab.world.cut(strangersAddress);
      home.tls = server.faults.has('bad-certificate') ? await wrongCertificate(home) : server.good;
    },
  };
}

const isDnsFault = (fault: LabFault): fault is DnsFault => dnsFaults.some((one) => one === fault);

async function wrongCertificate({ world }: Home): Promise<Certificates> {
  return new ServedCertificates([await makeWrongCertificate(world.nowMs())], world);
}
