/**
 * Five hundred messages of senders good and bad, made from a seed, and the DNS of their domains:
 * every policy meets every kind of signature and damage.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readHead } from '@merpati/formats/message/head.ts';
import { utf8 } from '@merpati/formats/bytes.ts';
import { DkimSigner } from '@merpati/formats/auth/dkim-sign.ts';
import { authCrypto, readPrivateKey } from '@merpati/server/checks/auth-crypto.ts';
import { mustRun } from '../peers/machine.ts';
import { createRandom, type Random } from '../fuzz/mutate.ts';

export interface Sample {
  readonly message: Uint8Array;
  readonly ip: string;
  readonly helo: string;
  readonly sender: string;
  /** How it was made, for people. */
  readonly story: string;
}

export interface SampleZone {
  /** Lines of a zone file for `test`. */
  readonly lines: readonly string[];
  /** The same, for `askZone`. */
  readonly zone: Readonly<Record<string, readonly object[]>>;
  /** TXT records of keys alone. */
  readonly keys: ReadonlyMap<string, string>;
}

const good = '192.0.2.10';
const ips = [good, good, '192.0.2.66', '2001:db8::10'] as const;

/** By the first label of their domain. */
const spfPolicies: Readonly<Record<string, readonly string[]>> = {
  ketat: [`v=spf1 ip4:${good} -all`],
  lunak: ['v=spf1 ip4:192.0.2.0/28 ~all'],
  mesin: ['v=spf1 a mx ?all'],
  titip: ['v=spf1 include:_spf.penyedia.test -all'],
  alih: ['v=spf1 redirect=_spf.penyedia.test'],
  tanpa: [],
  rusak: ['v=spf1 ip4:999.1 -all'],
  ganda: [`v=spf1 ip4:${good} -all`, 'v=spf1 -all'],
  makro: ['v=spf1 exists:%{ir}.%{v}._spf.%{d} -all'],
  panjang: ['v=spf1 include:_r1.penyedia.test -all'],
  enam: ['v=spf1 ip6:2001:db8::/32 -all'],
  hilang: ['v=spf1 include:tidak-ada.test -all'],
  besar: [`V=SPF1 IP4:${good} -ALL`],
  nihil: ['v=spf1 -all'],
};

const dmarcPolicies: readonly (readonly string[])[] = [
  [],
  ['v=DMARC1; p=none'],
  ['v=DMARC1; p=quarantine'],
  ['v=DMARC1; p=reject'],
  ['v=DMARC1; p=reject; adkim=s; aspf=s'],
  ['v=DMARC1; p=none; sp=reject; rua=mailto:d@penyedia.test'],
  ['v=DMARC1;p=reject;sp=none;'],
];

interface Domain {
  readonly name: string;
  readonly spf: readonly string[];
  readonly dmarc: readonly string[];
}

/** Each SPF policy with two of DMARC: twenty-eight domains. */
const domains: readonly Domain[] = Object.entries(spfPolicies).flatMap(([name, spf], index) =>
  [0, 1].map((turn) => ({
    name: `${name}${turn}.test`,
    spf,
    dmarc: dmarcPolicies[(index * 2 + turn) % dmarcPolicies.length] ?? [],
  })),
);

interface Key {
  readonly selector: string;
  readonly record: string;
  readonly pem: string;
  readonly kind: 'rsa' | 'ed25519';
}

function makeKeys(): readonly Key[] {
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
  const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8') =>
    key.export({ format: 'pem', type }).toString();
  const base64 = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64');
  const key = (selector: string, pair: { publicKey: KeyObject; privateKey: KeyObject }): Key => ({
    selector,
    kind: 'rsa',
    record: `v=DKIM1; k=rsa; p=${base64(pair.publicKey)}`,
    pem: pem(pair.privateKey, 'pkcs1'),
  });
  const ed = generateKeyPairSync('ed25519');
  const raw = ed.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const gone = key('cabut', rsa(2048));
  return [
    key('dua', rsa(2048)),
    key('satu', rsa(1024)),
    { ...key('ketat', rsa(2048)), record: '' },
    { ...gone, record: 'v=DKIM1; k=rsa; p=' },
    {
      selector: 'ed',
      kind: 'ed25519',
      record: `v=DKIM1; k=ed25519; p=${raw.toString('base64')}`,
      pem: pem(ed.privateKey, 'pkcs8'),
    },
  ];
}

function makeZone(keys: readonly Key[]): SampleZone {
  const zone: Record<string, object[]> = {};
  const lines: string[] = [];
  const keyTexts = new Map<string, string>();
  const add = (name: string, type: string, data: string, record: object) => {
    (zone[name] ??= []).push({ type, ...record });
    lines.push(`${name}. ${type} ${data}`);
  };
  const text = (name: string, value: string) => {
    const pieces = value.match(/.{1,200}/gu) ?? [''];
    add(name, 'TXT', pieces.map((one) => `"${one}"`).join(' '), { strings: pieces });
  };
  for (const { name, spf, dmarc } of domains) {
    add(name, 'A', good, { address: good });
    add(name, 'MX', `10 ${name}.`, { preference: 10, exchange: name });
    for (const one of spf) text(name, one);
    for (const one of dmarc) text(`_dmarc.${name}`, one);
    for (const { selector, record } of keys) {
      if (record === '') continue;
      text(`${selector}._domainkey.${name}`, record);
      keyTexts.set(`${selector}._domainkey.${name}`, record);
      text(`${selector}._domainkey.surat.${name}`, record);
      keyTexts.set(`${selector}._domainkey.surat.${name}`, record);
    }
    if (name.startsWith('makro')) {
      add(`10.2.0.192.in-addr._spf.${name}`, 'A', '127.0.0.2', { address: '127.0.0.2' });
    }
  }
  text('_spf.penyedia.test', `v=spf1 ip4:${good} ip6:2001:db8::10 ~all`);
  for (let i = 1; i <= 11; i += 1) {
    text(`_r${i}.penyedia.test`, `v=spf1 include:_r${i + 1}.penyedia.test -all`);
  }
  text('_r12.penyedia.test', `v=spf1 ip4:${good} -all`);
  return { lines, zone, keys: keyTexts };
}

const damages = [
  'none',
  'none',
  'none',
  'body',
  'subject',
  'appended',
  'spaces',
  'second from',
  'field in front',
] as const;

type Damage = (typeof damages)[number];

function damage(message: string, kind: Damage): string {
  switch (kind) {
    case 'none':
      return message;
    case 'body':
      return message.replace(/(\r\n\r\n[^]*?)salam/u, '$1salah');
    case 'subject':
      return message.replace(/^Subject: /mu, 'Subject: [daftar] ');
    case 'appended':
      return `${message}-- \r\nDikirim oleh daftar\r\n`;
    case 'spaces':
      return message.replace(/^Subject: /mu, 'Subject:  ').replace(/ salam/u, '   salam');
    case 'second from':
      return `From: Lain <lain@penyedia.test>\r\n${message}`;
    case 'field in front':
      return `Received: from daftar.test by mx.test; Sun, 22 Nov 2026 05:00:00 +0000\r\n${message}`;
    default:
      return kind satisfies never;
  }
}

const bodies = [
  'Selamat pagi, salam dari kami.\r\n',
  'salam\r\n\r\n\r\n',
  'Baris panjang: ' + 'salam '.repeat(120) + '\r\n',
  '  salam  dengan\tspasi  \r\n.\r\n..\r\nselesai\r\n',
  'salam tanpa akhir baris',
  '',
];

interface Plan {
  readonly from: Domain;
  readonly text: string;
  readonly by: 'nobody' | 'us' | 'us twice' | 'dkimpy';
  readonly signer: string;
  readonly keys: readonly Key[];
  readonly form: readonly [head: string, body: string];
  readonly hasLength: boolean;
  readonly damage: Damage;
  readonly sample: Omit<Sample, 'message' | 'story'>;
}

function plan(random: Random, keys: readonly Key[], number: number): Plan {
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const from = pick(domains);
  const other = pick(domains);
  const author = pick([from.name, from.name, from.name, `surat.${from.name}`]);
  const ip = pick(ips);
  const text =
    `From: Siti <siti@${author}>\r\nTo: Budi <budi@penerima.test>\r\n` +
    `Subject: Surat ke-${number}${pick(['', ' tentang\r\n rapat', ' =?utf-8?Q?=C3=A9?='])}\r\n` +
    `Date: Sun, 22 Nov 2026 05:00:00 +0000\r\nMessage-ID: <${number}@${author}>\r\n` +
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${pick(bodies)}`;
  const forms = ['simple', 'relaxed'] as const;
  return {
    from,
    text,
    by: pick(['nobody', 'us', 'us', 'us twice', 'dkimpy', 'dkimpy']),
    signer: pick([from.name, from.name, author, `surat.${from.name}`, other.name]),
    keys: [pick(keys.filter(({ kind }) => kind === 'rsa')), pick(keys)],
    form: [pick(forms), pick(forms)],
    hasLength: random.below(6) === 0,
    damage: pick(damages),
    sample: {
      ip,
      helo: `mx.${from.name}`,
      sender: pick([`siti@${from.name}`, `siti@${from.name}`, `siti@${other.name}`]),
    },
  };
}

/** By us, in memory. */
function signHere({ text, keys, by, signer }: Plan): string {
  const octets = utf8(text);
  const head = readHead(octets);
  const signing = new DkimSigner(head, authCrypto);
  signing.write(octets.subarray(head.length));
  const chosen = by === 'us twice' ? keys : keys.slice(1);
  const fields = chosen.map(({ pem, selector }) =>
    signing.sign({
      domain: signer,
      selector,
      key: readPrivateKey(pem),
      timestamp: Math.floor(Date.now() / 1000),
    }),
  );
  return fields.join('') + text;
}

const dkimpy = `
import dkim, json, sys
for line in sys.stdin:
    job = json.loads(line)
    message = job['text'].encode()
    field = dkim.sign(message, job['selector'].encode(), job['domain'].encode(),
        job['pem'].encode(), canonicalize=(job['head'].encode(), job['body'].encode()),
        length=job['length'])
    print(json.dumps(field.decode()), flush=True)
`;

/** By a foreign signer, all in one go. */
async function signThere(plans: readonly Plan[]): Promise<readonly string[]> {
  const jobs = plans.map(({ text, keys, signer, form, hasLength }) => {
    const selector = keys[0]?.selector;
    const pem = keys[0]?.pem;
    return { text, selector, pem, domain: signer, head: form[0], body: form[1], length: hasLength };
  });
  const stdin = jobs.map((job) => `${JSON.stringify(job)}\n`).join('');
  const { stdout } = await mustRun('/usr/bin/python3', ['-c', dkimpy], { stdin });
  const fields = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string);
  return plans.map(({ text }, index) => (fields[index] ?? '') + text);
}

export async function makeSamples(
  seed: number,
  count: number,
): Promise<{ readonly samples: readonly Sample[]; readonly zone: SampleZone }> {
  const random = createRandom(seed);
  const keys = makeKeys();
  const plans = Array.from({ length: count }, (_, number) => plan(random, keys, number));
  const foreign = plans.filter(({ by }) => by === 'dkimpy');
  const signed = await signThere(foreign);
  const wholeOf = (one: Plan): string => {
    if (one.by === 'nobody') return one.text;
    return one.by === 'dkimpy' ? (signed[foreign.indexOf(one)] ?? '') : signHere(one);
  };
  const samples = plans.map((one): Sample => {
    const message = utf8(damage(wholeOf(one), one.damage));
    return { ...one.sample, message, story: storyOf(one) };
  });
  return { samples, zone: makeZone(keys) };
}

function storyOf({ from, by, signer, keys, form, hasLength, damage: kind, sample }: Plan): string {
  const selectors = (by === 'us twice' ? keys : by === 'us' ? keys.slice(1) : keys.slice(0, 1))
    .map(({ selector }) => selector)
    .join('+');
  const signature =
    by === 'nobody'
      ? 'unsigned'
      : `signed by ${by} for ${signer} with ${selectors}` +
        (by === 'dkimpy' ? ` ${form.join('/')}${hasLength ? ' l=' : ''}` : '');
  return `${from.name} from ${sample.ip} as ${sample.sender}, ${signature}, then ${kind}`;
}
