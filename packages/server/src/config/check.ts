/**
 * What a configuration that can be read may still get wrong: ports, certificates, names, folders.
 */

import { X509Certificate, createPrivateKey } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { readSpfRecord } from '@merpati/formats/auth/spf-record.ts';
import { normalAddress } from '@merpati/formats/smtp/path.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { readListenAddress } from './listen-address.ts';
import type { ConfigProblem } from './problem.ts';
import type { Config } from './schema.ts';

const services = [
  'smtp',
  'submission',
  'submissions',
  'pop3',
  'pop3s',
  'imap',
  'imaps',
  'https',
  'acme',
  'http',
] as const;

export function checkConfig(config: Config, nowMs: number): ConfigProblem[] {
  return [
    ...checkHostname(config),
    ...checkListen(config),
    ...checkTls(config, nowMs),
    ...checkPublish(config),
    ...checkData(config),
    ...checkPlaces(config),
  ];
}

/** What is published is believed everywhere, for as long as caches keep it. */
function checkPublish({ publish }: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [i, value] of publish.addresses.entries()) {
    if (isIP(value) !== 0) continue;
    const at = `publish.addresses[${i}]`;
    problems.push({ severity: 'error', code: 'config.publish.address', path: at, args: { value } });
  }
  try {
    readSpfRecord(`v=spf1 ${publish.spf}`);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    const args = { reason: error.message };
    problems.push({ severity: 'error', code: 'config.publish.spf', path: 'publish.spf', args });
  }
  if (publish.reports_to !== '' && normalAddress(publish.reports_to) === null) {
    const args = { value: publish.reports_to };
    const at = 'publish.reports_to';
    problems.push({ severity: 'error', code: 'config.publish.reports', path: at, args });
  }
  return problems;
}

function checkHostname({ hostname }: Config): ConfigProblem[] {
  const error = { severity: 'error', path: 'hostname' } as const;
  if (hostname === '') return [{ ...error, code: 'config.hostname.missing', args: {} }];
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  const full = new RegExp(`^(?:${label}\\.)+${label}$`, 'i');
  if (hostname.length <= 253 && full.test(hostname) && isIP(hostname) === 0) return [];
  return [{ ...error, code: 'config.hostname.syntax', args: { value: hostname } }];
}

function checkListen(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const taken: { address: string | null; port: number; by: string }[] = [];
  for (const service of services) {
    for (const [i, value] of config.listen[service].entries()) {
      const at = `listen.${service}[${i}]`;
      const listen = readListenAddress(value);
      if (listen === null) {
        problems.push({
          severity: 'error',
          code: 'config.listen.syntax',
          path: at,
          args: { value },
        });
        continue;
      }
      const { address, port } = listen;
      const other = taken.find(
        (one) =>
          one.port === port &&
          port !== 0 &&
          (one.address === null || address === null || one.address === address),
      );
      if (other !== undefined) {
        const args = { port, other: other.by };
        problems.push({ severity: 'error', code: 'config.listen.twice', path: at, args });
      }
      taken.push({ address, port, by: at });
      if (port > 0 && port < 1024 && process.getuid?.() !== 0 && !mayBindLow()) {
        problems.push({
          severity: 'warning',
          code: 'config.listen.rights',
          path: at,
          args: { port },
        });
      }
    }
  }
  const mail = services.filter((one) => !['https', 'acme', 'http'].includes(one));
  if (mail.every((one) => config.listen[one].length === 0)) {
    problems.push({ severity: 'warning', code: 'config.listen.none', path: 'listen', args: {} });
  }
  return problems;
}

/** Linux: CAP_NET_BIND_SERVICE is bit 10; the lowest free port may also have been moved. */
function mayBindLow(): boolean {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0';
    if (((BigInt(`0x${effective}`) >> 10n) & 1n) === 1n) return true;
    const start = readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1');
    return Number(start) <= 25;
  } catch {
    return true; // not Linux: the system will say so itself
  }
}

function checkTls(config: Config, nowMs: number): ConfigProblem[] {
  const { certificate_file: file, key_file: key } = config.tls;
  const acme = checkAcme(config);
  if (file === '' && key === '') {
    return config.acme.terms_agreed ? acme : [...acme, ...withoutCertificate(config)];
  }
  if (file === '' || key === '') {
    return [{ severity: 'error', code: 'config.tls.half', path: 'tls', args: {} }];
  }
  const error = { severity: 'error' } as const;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(file));
  } catch (fault) {
    const args = { file, reason: reasonOf(fault) };
    return [{ ...error, code: 'config.tls.unreadable', path: 'tls.certificate_file', args }];
  }
  const problems: ConfigProblem[] = [...acme];
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(key)))) {
      problems.push({ ...error, code: 'config.tls.mismatch', path: 'tls', args: { key, file } });
    }
  } catch (fault) {
    const args = { file: key, reason: reasonOf(fault) };
    problems.push({ ...error, code: 'config.tls.unreadable', path: 'tls.key_file', args });
  }
  problems.push(...checkOpenKey(key), ...checkDates(certificate, nowMs));
  const { hostname } = config;
  if (hostname !== '' && certificate.checkHost(hostname) === undefined) {
    const names = (certificate.subjectAltName ?? certificate.subject).replaceAll('DNS:', '');
    const args = { hostname, names };
    const at = 'tls.certificate_file';
    problems.push({ severity: 'warning', code: 'config.tls.name', path: at, args });
  }
  return problems;
}

/** What a proof needs: a port that the authority can reach, or a zone that can be changed. */
function checkAcme({ acme, listen }: Config): ConfigProblem[] {
  const { challenge, terms_agreed: isOn } = acme;
  if (!isOn) {
    if (listen.acme.length === 0) return [];
    return [{ severity: 'warning', code: 'config.acme.off', path: 'acme.terms_agreed', args: {} }];
  }
  const needs = {
    'http-01': listen.acme.length > 0 ? null : 'listen.acme',
    'tls-alpn-01': listen.https.length > 0 ? null : 'listen.https',
    'dns-01':
      acme.dns_server !== '' && acme.dns_key !== '' ? null : 'acme.dns_server, acme.dns_key',
  };
  const key = needs[challenge];
  if (key === null) return [];
  const args = { challenge, key };
  return [{ severity: 'error', code: 'config.acme.proof', path: 'acme.challenge', args }];
}

function withoutCertificate(config: Config): ConfigProblem[] {
  const needs = ['submission', 'submissions', 'pop3s', 'imaps', 'https'] as const;
  const missing = needs.filter((service) => config.listen[service].length > 0);
  if (missing.length > 0) {
    return missing.map((service) => ({
      severity: 'error',
      code: 'config.tls.missing',
      path: `listen.${service}`,
      args: { service },
    }));
  }
  if (config.listen.smtp.length === 0) return [];
  return [{ severity: 'warning', code: 'config.tls.none', path: 'tls', args: {} }];
}

function checkOpenKey(file: string): ConfigProblem[] {
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o600;
  if ((mode & 0o007) === 0) return [];
  const args = { file, mode: mode.toString(8) };
  return [{ severity: 'warning', code: 'config.secret.open', path: 'tls.key_file', args }];
}

function checkDates(certificate: X509Certificate, nowMs: number): ConfigProblem[] {
  const endMs = Date.parse(certificate.validTo);
  const days = Math.floor((endMs - nowMs) / 86_400_000);
  const date = new Date(endMs).toISOString().slice(0, 10);
  const at = 'tls.certificate_file';
  if (days < 0) {
    return [{ severity: 'error', code: 'config.tls.expired', path: at, args: { date } }];
  }
  if (days >= 14) return [];
  return [{ severity: 'warning', code: 'config.tls.expires', path: at, args: { date, days } }];
}

function checkData({ data }: Config): ConfigProblem[] {
  let folder = path.resolve(data);
  while (!existsSync(folder)) folder = path.dirname(folder); // it will be made
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (fault) {
    const args = { folder, reason: reasonOf(fault) };
    return [{ severity: 'error', code: 'config.data.unusable', path: 'data', args }];
  }
}

function checkPlaces(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [i, value] of config.dns.servers.entries()) {
    if (isIP(value) !== 0 || (readListenAddress(value)?.address ?? null) !== null) continue;
    const at = `dns.servers[${i}]`;
    problems.push({ severity: 'error', code: 'config.dns.syntax', path: at, args: { value } });
  }
  for (const [i, value] of config.dns.trust_ad.entries()) {
    if (isIP(value) !== 0) continue;
    const at = `dns.trust_ad[${i}]`;
    problems.push({ severity: 'error', code: 'config.dns.trust', path: at, args: { value } });
  }
  problems.push(
    ...checkNetworks('proxy.networks', config.proxy.networks),
    ...checkNetworks('checks.trusted_networks', config.checks.trusted_networks),
    ...config.checks.lists.flatMap(({ answers }, i) =>
      checkNetworks(`checks.lists[${i}].answers`, answers),
    ),
  );
  const { expire_after_s: expire, delay_notice_after_s: notice } = config.queue;
  if (notice >= expire) {
    const args = { expire, notice };
    problems.push({ severity: 'warning', code: 'config.queue.order', path: 'queue', args });
  }
  return problems;
}

function checkNetworks(path: string, values: readonly string[]): ConfigProblem[] {
  return [...values.entries()]
    .filter(([, value]) => !isNetwork(value))
    .map(([i, value]) => ({
      severity: 'error',
      code: 'config.network.syntax',
      path: `${path}[${i}]`,
      args: { value },
    }));
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

function reasonOf(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return (fault as NodeJS.ErrnoException).code ?? fault.message;
}
