/**
 * What a doctor looks at: configuration, names in the DNS as others see them, disk, queue, store.
 * Each finding is a code with facts; `ok` says what was looked at and was right.
 */

import { statfs } from 'node:fs/promises';
import { reverseName } from '@merpati/formats/auth/spf.ts';
import { readAddress } from '@merpati/formats/dns/address.ts';
import { z } from 'zod';
import { checkConfig } from '../../config/check.ts';
import type { ConfigProblem } from '../../config/problem.ts';
import { checkDomain, isProblem } from '../../domains/check.ts';
import { domainFacts } from '../../domains/facts.ts';
import type { Home } from '../../home.ts';
import { readKeys } from '../../signing/key-record.ts';
import type { GenerationState } from '../../signing/keys.ts';
import type { DnsRecord, RecordType } from '../../world.ts';
import { certificateFindings } from '../certificate-findings.ts';
import { operation } from '../operation.ts';
import type { ExamineCode } from '../examine-words.ts';

export interface Finding {
  readonly code: ExamineCode;
  readonly severity: 'ok' | 'warning' | 'error';
  readonly args: Readonly<Record<string, string | number>>;
}

export interface Examined {
  readonly server: string;
  readonly config: readonly ConfigProblem[];
  readonly findings: readonly Finding[];
}

export const serverExamine = operation({
  input: z.strictObject({}),
  async run(context): Promise<readonly Examined[]> {
    const examined: Examined[] = [];
    for (const home of context.homes) {
      const { config, world } = home;
      const names = [...(await ownName(home)), await signatures(home), ...(await domains(home))];
      names.push(...(await certificateFindings(home)));
      const findings = [...names, await disk(home), ...(await queue(home)), await store(home)];
      const problems = context.lab === null ? checkConfig(config, world.nowMs()) : [];
      examined.push({ server: config.hostname, config: problems, findings });
    }
    return examined;
  },
});

const finding =
  (severity: Finding['severity']) =>
  (code: ExamineCode, args: Finding['args']): Finding => ({ code, severity, args });
const ok = finding('ok');
const warning = finding('warning');
const error = finding('error');

/** The record of that type; some types share one. */
type Of<Type extends RecordType, Each = DnsRecord> = Each extends { readonly type: infer Types }
  ? Type extends Types
    ? Each
    : never
  : never;

/** null: the DNS gives no answer now. */
async function ask<Type extends RecordType>(
  home: Home,
  name: string,
  type: Type,
): Promise<Of<Type>[] | null> {
  const answer = await home.world.dns.query(name, type);
  if (answer.kind === 'error') return null;
  if (answer.kind !== 'records') return [];
  return answer.records.filter((record): record is Of<Type> => record.type === type);
}

/** Others look it up, there and back. */
async function ownName(home: Home): Promise<Finding[]> {
  const host = home.config.hostname;
  const [four, six] = [await ask(home, host, 'A'), await ask(home, host, 'AAAA')];
  if (four === null || six === null) return [warning('doctor.dns.silent', { name: host })];
  const addresses = [...four, ...six].map(({ address }) => address);
  if (addresses.length === 0) return [error('doctor.dns.host.missing', { host })];
  const found = [ok('doctor.dns.host', { host, addresses: addresses.join(', ') })];
  for (const address of addresses) found.push(await wayBack(home, address));
  return found;
}

async function wayBack(home: Home, address: string): Promise<Finding> {
  const host = home.config.hostname;
  const octets = readAddress(address);
  const records = octets === null ? [] : await ask(home, reverseName(octets), 'PTR');
  if (records === null) return warning('doctor.dns.silent', { name: address });
  const names = records.map(({ target }) => target);
  return names.includes(host.toLowerCase())
    ? ok('doctor.dns.ptr', { address, host })
    : warning('doctor.dns.ptr.other', { address, host, names: names.join(', ') });
}

/** The root is signed: whoever validates says so of it. */
async function signatures({ world }: Home): Promise<Finding> {
  if (world.dns.isTrusted === false) return warning('doctor.dns.dnssec.untrusted', {});
  const answer = await world.dns.query('', 'SOA');
  if (answer.kind === 'error') return warning('doctor.dns.silent', { name: '.' });
  return answer.authenticated
    ? ok('doctor.dns.dnssec', {})
    : warning('doctor.dns.dnssec.unvalidated', {});
}

async function domains(home: Home): Promise<Finding[]> {
  const rows = await home.store.domains();
  if (rows.length === 0) return [warning('doctor.domains.none', {})];
  const found: Finding[] = [];
  for (const { name } of rows) {
    found.push(await exchanger(home, name));
    found.push(await policy(home, { domain: name, at: name, starts: 'v=spf1', what: 'SPF' }));
    const at = `_dmarc.${name}`;
    found.push(await policy(home, { domain: name, at, starts: 'v=DMARC1', what: 'DMARC' }));
    found.push(...(await ownServers(home, name)), ...(await keys(home, name)));
  }
  return found;
}

/** What the zone's own servers say; nothing when nobody knows them. */
async function ownServers(home: Home, domain: string): Promise<Finding[]> {
  const check = await checkDomain(home.world, await domainFacts(home, domain));
  const { zone } = check;
  if (zone === null) return [];
  const wrong = check.sets.filter(isProblem).map(({ type, name }) => `${type} ${name}`);
  return wrong.length === 0
    ? [ok('doctor.dns.records', { domain, zone })]
    : [warning('doctor.dns.records.wrong', { domain, zone, what: wrong.join(', ') })];
}

/** Made and never published, or due and never published. */
async function keys(home: Home, domain: string): Promise<Finding[]> {
  const { generations } = await readKeys(home.store, domain);
  const selectors = (state: GenerationState): string =>
    generations
      .filter((one) => one.state === state)
      .flatMap((one) => one.keys.map(({ selector }) => selector))
      .join(', ');
  const [signing, waiting] = [selectors('signing'), selectors('waiting')];
  const found: Finding[] = [];
  if (signing !== '') found.push(ok('doctor.dkim.signs', { domain, selectors: signing }));
  if (waiting !== '') {
    const code = signing === '' ? 'doctor.dkim.waiting' : 'doctor.dkim.next';
    found.push(warning(code, { domain, selectors: waiting }));
  }
  return found;
}

async function exchanger(home: Home, domain: string): Promise<Finding> {
  const host = home.config.hostname.toLowerCase();
  const records = await ask(home, domain, 'MX');
  if (records === null) return warning('doctor.dns.silent', { name: domain });
  const hosts = records.map(({ exchange }) => exchange);
  if (hosts.includes(host)) return ok('doctor.dns.mx', { domain, host });
  if (hosts.length === 0) return error('doctor.dns.mx.missing', { domain, host });
  return warning('doctor.dns.mx.elsewhere', { domain, host, hosts: hosts.join(', ') });
}

async function policy(
  home: Home,
  wanted: { readonly domain: string; at: string; starts: string; what: string },
): Promise<Finding> {
  const { domain, at, starts, what } = wanted;
  const records = await ask(home, at, 'TXT');
  if (records === null) return warning('doctor.dns.silent', { name: at });
  const texts = records.map(({ strings }) => Buffer.concat(strings).toString('latin1'));
  const fitting = texts.filter((text) => text.toLowerCase().startsWith(starts.toLowerCase()));
  if (fitting.length === 1) return ok('doctor.dns.policy', { domain, what });
  const code = fitting.length === 0 ? 'doctor.dns.policy.missing' : 'doctor.dns.policy.several';
  return warning(code, { domain, what, at });
}

/** Below this the store takes no more mail soon. */
const roomBytesMin = 1024 ** 3;

async function disk(home: Home): Promise<Finding> {
  const folder = home.config.data;
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  return (freeBytes < roomBytesMin ? warning : ok)('doctor.disk.room', { folder, freeBytes });
}

async function queue(home: Home): Promise<Finding[]> {
  const { waiting, held, oldestMs } = await home.store.queueCount();
  const since = oldestMs === null ? 0 : home.world.nowMs() - oldestMs;
  const found = [
    since > home.config.queue.delay_notice_after_s * 1000
      ? warning('doctor.queue.old', { waiting, oldMs: since })
      : ok('doctor.queue.moves', { waiting }),
  ];
  if (held > 0) found.push(warning('doctor.queue.holds', { held }));
  return found;
}

async function store(home: Home): Promise<Finding> {
  const { findings, counted } = await home.store.check({ deep: false });
  if (findings.length === 0) return ok('doctor.store.whole', { messages: counted.messages });
  return error('doctor.store.broken', { count: findings.length });
}
