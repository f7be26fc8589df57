/**
 * `node bench/auth.ts`: what judging a message costs: SPF, two DKIM signatures (RSA-2048 and
 * Ed25519) and DMARC of 50 KB, with every answer of the DNS at hand. Beside mailauth where it is
 * installed (`npm ci --prefix interop`), in turn, in CPU time, since other things run on the
 * machine too. The gathering of evidence is what the server does for every message, chunks and all.
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { defaultConfig } from '@merpati/server/config/read.ts';
import { Inspection } from '@merpati/server/checks/inspection.ts';
import type { DnsAnswer, RecordType, Resolver } from '@merpati/server/world.ts';
import { realWorld } from '@merpati/server/real-world.ts';
import { makeEd25519Key, makeRsaKey, signLetter } from '@merpati/server/testing/signed-letter.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { makeMessages } from './messages.ts';
import { median, short } from './statistics.ts';

const domain = 'contoh.test';
const client = { ip: '192.0.2.7', hello: `mx.${domain}`, sender: `rina@${domain}` };
const sizeBytes = 51_200;
const chunkBytes = 16_384;
const rounds = 7;
const roundMs = 400;

const rsa = makeRsaKey();
const ed25519 = makeEd25519Key();
const texts: Readonly<Record<string, string>> = {
  [domain]: 'v=spf1 ip4:198.51.100.0/24 mx -all',
  [`_dmarc.${domain}`]: 'v=DMARC1; p=reject; rua=mailto:dmarc@contoh.test',
  [`a._domainkey.${domain}`]: rsa.record,
  [`b._domainkey.${domain}`]: ed25519.record,
};
const hosts: Readonly<Record<string, string>> = { [`mx.${domain}`]: client.ip };

const letters = new Map(
  [false, true].map((isText) => {
    const options = { sender: client.sender, recipients: ['you@merpati.test'] };
    // Words of people up to 16 KB, base64 above: a text of this size is several of them.
    const count = isText ? Math.ceil(sizeBytes / 16_000) : 1;
    const source = makeMessages({ ...options, sizeBytes: isText ? 16_000 : sizeBytes });
    const pieces = Array.from({ length: count }, () => source.next());
    const head = pieces[0]?.head ?? '';
    const body = Buffer.concat(pieces.map((one) => one.body.subarray(0, -3))).toString('latin1');
    const letter = head + body.slice(0, sizeBytes - head.length - 2).trimEnd();
    const once = signLetter(`${letter}\r\n`, { domain, selector: 'a', key: rsa.key });
    const twice = signLetter(once, { domain, selector: 'b', key: ed25519.key });
    return [isText ? 'text' : 'base64', Buffer.from(twice)] as const;
  }),
);

const world = realWorld(defaultConfig({ dns: { servers: ['192.0.2.53'] } }).dns);
const config = defaultConfig({ hostname: 'mx.merpati.test' });
const home = { config, world: { ...world, dns: { query: answer } satisfies Resolver } };

function answer(name: string, type: RecordType): Promise<DnsAnswer> {
  return Promise.resolve(answerAtOnce(name, type));
}

function answerAtOnce(name: string, type: RecordType): DnsAnswer {
  const found = { kind: 'records', ttlSeconds: 300, authenticated: false, aliases: [] } as const;
  const text = texts[name];
  const address = hosts[name];
  if (type === 'TXT' && text !== undefined) {
    return { ...found, records: [{ type, strings: [Buffer.from(text)] }] };
  }
  if (type === 'A' && address !== undefined) return { ...found, records: [{ type, address }] };
  if (type === 'MX' && name === domain) {
    return { ...found, records: [{ type, preference: 10, exchange: `mx.${domain}` }] };
  }
  return { kind: 'nxdomain', ttlSeconds: 300, authenticated: false };
}

async function judgeOurs(letter: Buffer): Promise<void> {
  const inspection = new Inspection(home, client);
  const first = letter.subarray(0, chunkBytes);
  const end = first.indexOf('\r\n\r\n') + 4;
  const head = readHead(first.subarray(0, end));
  inspection.takeHead(head, first.subarray(0, end));
  inspection.write(first.subarray(end));
  for (let at = chunkBytes; at < letter.length; at += chunkBytes) {
    inspection.write(letter.subarray(at, at + chunkBytes));
  }
  const evidence = inspection.evidence();
  const [dmarc, dkim, spf] = await Promise.all([evidence.dmarc, evidence.dkim, evidence.spf]);
  inspection.abandon();
  const isRight = dkim.length === 2 && dkim.every(({ result }) => result === 'pass');
  if (!isRight || spf.result !== 'pass' || dmarc.result !== 'pass') throw new Error('ours fails');
}

/** As much of mailauth as is asked. */
interface Mailauth {
  authenticate(
    letter: Buffer,
    options: object,
  ): Promise<{
    readonly dkim: {
      readonly results: readonly { readonly status: { readonly result: string } }[];
    };
    readonly spf: { readonly status: { readonly result: string } };
    readonly dmarc: { readonly status: { readonly result: string } };
  }>;
}

function loadMailauth(): Mailauth | null {
  try {
    const load = createRequire(join(import.meta.dirname, '../interop/package.json'));
    return load('mailauth') as Mailauth;
  } catch {
    return null; // not installed: ours is measured alone
  }
}

/** As `node:dns` answers. */
async function resolveAsNode(name: string, type: RecordType): Promise<unknown> {
  const found = answerAtOnce(name.toLowerCase(), type);
  if (found.kind !== 'records') throw Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' });
  return found.records.map((record) => {
    if (record.type === 'TXT') return record.strings.map((part) => Buffer.from(part).toString());
    if (record.type === 'MX') return { priority: record.preference, exchange: record.exchange };
    return record.type === 'A' ? record.address : '';
  });
}

function judgeTheirs(mailauth: Mailauth): (letter: Buffer) => Promise<void> {
  const { ip, hello: helo, sender } = client;
  const given = { ip, helo, sender, mta: 'mx.merpati.test', resolver: resolveAsNode };
  const options = { ...given, disableArc: true, disableBimi: true };
  return async (letter) => {
    const { dkim, spf, dmarc } = await mailauth.authenticate(letter, options);
    const results = [...dkim.results, spf, dmarc].map(({ status }) => status.result);
    if (results.length !== 4 || results.some((one) => one !== 'pass')) {
      throw new Error(`mailauth: ${results.join(' ')}`);
    }
  };
}

/** CPU milliseconds for one message. */
async function measure(judge: (letter: Buffer) => Promise<void>, letter: Buffer): Promise<number> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < roundMs) {
    for (let i = 0; i < 10; i += 1) await judge(letter);
    count += 10;
  }
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / count;
}

const mailauth = loadMailauth();
const theirs = mailauth === null ? null : judgeTheirs(mailauth);
if (theirs === null) console.log('mailauth is not installed (npm ci --prefix interop)');
console.log(
  `SPF, 2 × DKIM, DMARC of ${sizeBytes} octets; CPU ms for one message, ${rounds} rounds`,
);
for (const [kind, letter] of letters) {
  const own: number[] = [];
  const other: number[] = [];
  // The first round is for the compiler.
  for (let round = 0; round <= rounds; round += 1) {
    const ours = await measure(judgeOurs, letter);
    const their = theirs === null ? Number.NaN : await measure(theirs, letter);
    if (round === 0) continue;
    own.push(ours);
    other.push(their);
  }
  const ratio = median(other.map((ms, i) => ms / (own[i] ?? Number.NaN)));
  const line = [`Merpati ${short(median(own))}`, `mailauth ${short(median(other))}`];
  console.log(`${kind.padEnd(7)} ${line.join('   ')}   ${short(ratio)} × the rate`);
}
