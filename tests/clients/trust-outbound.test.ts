/**
 * Mail goes out to servers good, broken and hostile: real sockets, a signed zone, a resolver that
 * validates, a web server for policies. What must not be talked away is not. RFC 6698, RFC 7671,
 * RFC 7672 (DANE); RFC 8461 (MTA-STS); RFC 8689 (REQUIRETLS); RFC 8460 (what is reported).
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScriptedSmtpOptions } from '../../packages/client/src/testing/scripted-smtp.ts';
import { selfSigned, tlsaOf, type Issued } from '../peers/certificates.ts';
import {
  mxOf,
  TrustWorld,
  trustedRoot,
  type SendOptions,
  type TrustDomain,
  type ZoneName,
} from '../peers/trust-world.ts';
import { requireProgram } from '../programs.ts';

/** One domain, one message, what comes of it. */
interface Case {
  readonly name: string;
  readonly at: TrustDomain;
  readonly send?: SendOptions;
  readonly verdict: string;
  /** Among the codes of the journey, in this order. */
  readonly codes: readonly string[];
  readonly outcomes?: readonly string[];
}

const policy = (mode: string, ...mx: string[]) =>
  ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), 'max_age: 86400', ''].join(
    '\r\n',
  );

const tls = ({ chain, key }: Issued): ScriptedSmtpOptions => ({ tls: { cert: chain, key } });
/** Somebody on the way has taken STARTTLS out of the reply to EHLO. */
const stripped: ScriptedSmtpOptions = {};
const usual = ['PIPELINING', '8BITMIME', 'ENHANCEDSTATUSCODES'];
const promising = (peer: ScriptedSmtpOptions): ScriptedSmtpOptions => ({
  ...peer,
  extensions: [...usual, 'REQUIRETLS'],
});
const old = ({ chain, key }: Issued): ScriptedSmtpOptions => ({
  tls: { cert: chain, key, isOld: true },
});
const requireTls: SendOptions = { message: { requireTls: true } };
const waived: SendOptions = { header: 'TLS-Required: No\r\n' };

interface Certificates {
  readonly root: Issued;
  /** Nobody knows it but the DNS: an authority, and one below it. */
  readonly anchor: Issued;
  readonly middle: Issued;
  /** Signed by itself, over, and for another name. */
  readonly own: Issued;
}

const domain = (
  zone: ZoneName,
  label: string,
  peers: readonly ScriptedSmtpOptions[],
  ...records: string[]
): TrustDomain => ({ zone, label, peers, records });

const tlsa = (label: string, record: string, n = '') => `_25._tcp.mx${n}.${label} TLSA ${record}`;
const wrongDigest = `3 1 1 ${'ab'.repeat(32)}`;

// ---------------------------------------------------------------- DANE

async function daneCases({ anchor, middle, own, root }: Certificates): Promise<Case[]> {
  const below = await middle.issue({ names: [mxOf({ label: 'anchor', zone: 'aman' })] });
  const named = await middle.issue({ names: ['nexthop.aman.test'] });
  const other = await middle.issue({ names: ['elsewhere.test'] });
  const over = await middle.issue({ names: ['mx.over.aman.test'], untilDays: -1 });
  const whole = `${below.chain}${anchor.certificate}`;
  const withAnchor = (one: Issued) => ({
    tls: { cert: `${one.chain}${anchor.certificate}`, key: one.key },
  });
  const key = tlsaOf(own.certificate, 3, 1, 1);
  const good = await root.issue({ names: ['mx.both.aman.test'] });
  const ok = ['dns.mx.signed', 'tls.dane.found', 'tls.dane.right', 'smtp.accepted'];
  const success = ['tlsa success'];
  const refused = { verdict: 'later 4.7.5', codes: ['tls.dane.found', 'tls.wrong'] };
  return [
    {
      name: 'DANE 3 1 1: the key is named, whatever the certificate says of itself',
      at: domain('aman', 'key', [tls(own)], tlsa('key', key)),
      verdict: 'delivered',
      codes: ok,
      outcomes: success,
    },
    {
      name: 'DANE 3 0 2: the whole certificate by SHA-512',
      at: domain('aman', 'whole', [tls(own)], tlsa('whole', tlsaOf(own.certificate, 3, 0, 2))),
      verdict: 'delivered',
      codes: ok,
      outcomes: success,
    },
    {
      name: 'DANE 2 0 1: an authority of its own, and one between',
      at: domain(
        'aman',
        'anchor',
        [{ tls: { cert: whole, key: below.key } }],
        tlsa('anchor', tlsaOf(anchor.certificate, 2, 0, 1)),
      ),
      verdict: 'delivered',
      codes: ok,
      outcomes: success,
    },
    {
      name: 'DANE 2 1 0: the authority key is in the DNS, the certificate for the domain',
      at: domain(
        'aman',
        'nexthop',
        [tls(named)],
        tlsa('nexthop', tlsaOf(anchor.certificate, 2, 1, 0)),
      ),
      verdict: 'delivered',
      codes: ok,
      outcomes: success,
    },
    {
      name: 'DANE: not the key that is named',
      at: domain('aman', 'mismatch', [tls(own)], tlsa('mismatch', wrongDigest)),
      ...refused,
      outcomes: ['tlsa validation-failure TLSA_MISMATCH'],
    },
    {
      name: 'DANE below an anchor: a certificate for somebody else',
      at: domain(
        'aman',
        'other',
        [withAnchor(other)],
        tlsa('other', tlsaOf(anchor.certificate, 2, 0, 1)),
      ),
      ...refused,
      outcomes: ['tlsa certificate-host-mismatch ERR_TLS_CERT_ALTNAME_INVALID'],
    },
    {
      name: 'DANE below an anchor: a certificate that is over',
      at: domain(
        'aman',
        'over',
        [withAnchor(over)],
        tlsa('over', tlsaOf(anchor.certificate, 2, 1, 1)),
      ),
      ...refused,
      outcomes: ['tlsa certificate-expired CERT_HAS_EXPIRED'],
    },
    {
      name: 'DANE: the next MX is right where the first is wrong',
      at: domain(
        'aman',
        'second',
        [tls(own), tls(own)],
        tlsa('second', wrongDigest),
        tlsa('second', key, '2'),
      ),
      verdict: 'delivered',
      codes: ['tls.wrong', 'tls.dane.right', 'smtp.accepted'],
      outcomes: ['tlsa validation-failure TLSA_MISMATCH', 'tlsa success'],
    },
    {
      name: 'DANE: STARTTLS stripped',
      at: domain('aman', 'stripped', [stripped], tlsa('stripped', key)),
      verdict: 'later 4.7.10',
      codes: ['tls.dane.found', 'tls.missing'],
      outcomes: ['tlsa starttls-not-supported'],
    },
    {
      name: 'DANE: STARTTLS refused',
      at: domain(
        'aman',
        'denied',
        [
          {
            ...tls(own),
            on: ({ verb }) => (verb === 'STARTTLS' ? '454 4.7.0 not now' : undefined),
          },
        ],
        tlsa('denied', key),
      ),
      verdict: 'later 4.7.10',
      codes: ['tls.dane.found', 'tls.denied'],
      outcomes: ['tlsa starttls-not-supported'],
    },
    {
      name: 'DANE: only usages that bind nobody in SMTP; encrypted all the same',
      at: domain(
        'aman',
        'unusable',
        [tls(own)],
        tlsa('unusable', tlsaOf(own.certificate, 1, 1, 1)),
        tlsa('unusable', `0 0 1 ${'cd'.repeat(32)}`),
      ),
      verdict: 'delivered',
      codes: ['tls.dane.unusable', 'tls.unverified', 'smtp.accepted'],
      outcomes: ['tlsa tlsa-invalid no-usable-record'],
    },
    {
      name: 'DANE: only usages that bind nobody, and STARTTLS stripped',
      at: domain('aman', 'nothing', [stripped], tlsa('nothing', `1 1 1 ${'ab'.repeat(32)}`)),
      verdict: 'later 4.7.10',
      codes: ['tls.dane.unusable', 'tls.missing'],
    },
    {
      name: 'DANE: TLS 1.0 is not enough',
      at: domain('aman', 'old', [old(own)], tlsa('old', key)),
      verdict: 'later 4.7.5',
      codes: ['tls.dane.found', 'tls.failed'],
    },
    {
      name: 'DANE comes before MTA-STS, which holds its certificate for wrong',
      at: {
        ...domain('aman', 'before', [tls(own)], tlsa('before', key)),
        sts: policy('enforce', 'mx.before.aman.test'),
      },
      verdict: 'delivered',
      codes: ['tls.sts.enforce', 'tls.dane.right', 'smtp.accepted'],
      outcomes: ['tlsa success', 'sts certificate-expired CERT_HAS_EXPIRED'],
    },
    {
      name: 'MTA-STS does not mend what DANE finds wrong',
      at: {
        ...domain('aman', 'both', [tls(good)], tlsa('both', wrongDigest)),
        sts: policy('enforce', 'mx.both.aman.test'),
      },
      ...refused,
      outcomes: ['tlsa validation-failure TLSA_MISMATCH', 'sts success'],
    },
  ];
}

// ---------------------------------------------------------------- the DNS itself

function dnsCases({ own }: Certificates): Case[] {
  const key = tlsaOf(own.certificate, 3, 1, 1);
  const without = (label: string, ...records: string[]): TrustDomain => ({
    ...domain('aman', label, [tls(own)], ...records),
    bare: true,
  });
  return [
    {
      name: 'DNSSEC: the TLSA records are badly signed; the host is left alone',
      at: domain('aman', 'bogus', [tls(own)], '_25._tcp.mx.bogus CNAME tlsa.palsu.test.'),
      verdict: 'later 4.7.5',
      codes: ['dns.mx.signed', 'tls.dane.unknown'],
      outcomes: ['tlsa dnssec-invalid bogus'],
    },
    {
      name: 'DNSSEC: the MX records are badly signed; nobody is asked anything',
      at: domain('palsu', 'mx', [tls(own)]),
      verdict: 'later 4.4.3',
      codes: ['dns.failed'],
      outcomes: [],
    },
    {
      name: 'DNSSEC: the addresses of the MX are badly signed',
      at: without('address', 'address MX 10 mx.address', 'mx.address CNAME host.palsu.test.'),
      verdict: 'later 4.4.3',
      codes: ['dns.mx.signed', 'dns.failed'],
    },
    {
      name: 'DNSSEC: the MX is not signed, so its TLSA records say nothing',
      at: domain('polos', 'plain', [tls(own)], tlsa('plain', wrongDigest)),
      verdict: 'delivered',
      codes: ['dns.mx.found', 'tls.unverified', 'smtp.accepted'],
      outcomes: ['no-policy-found success'],
    },
    {
      name: 'DNSSEC: a signed MX leads to a host that is not signed',
      at: domain('aman', 'leads', [tls(own)], 'leads MX 5 mx.plain.polos.test.'),
      send: { isRestarted: true },
      verdict: 'delivered',
      codes: ['dns.mx.signed', 'tls.unverified', 'smtp.accepted'],
      outcomes: ['no-policy-found success'],
    },
    {
      name: 'DANE: the MX is an alias; the records are where it leads to',
      at: without(
        'alias',
        'alias MX 10 mx.alias',
        'mx.alias CNAME real.alias',
        'real.alias A {address}',
        `_25._tcp.real.alias TLSA ${key}`,
        `_25._tcp.mx.alias TLSA ${wrongDigest}`,
      ),
      verdict: 'delivered',
      codes: ['tls.dane.found', 'tls.dane.right'],
    },
    {
      name: 'DANE: a signed alias leads out of what is signed; its own records hold',
      at: without(
        'outward',
        'outward MX 10 mx.outward',
        'mx.outward CNAME mx.plain.polos.test.',
        `_25._tcp.mx.outward TLSA ${key}`,
      ),
      verdict: 'delivered',
      codes: ['tls.dane.found', 'tls.dane.right'],
    },
    {
      name: 'DANE: no MX, the domain itself is the host',
      at: without('itself', 'itself A {address}', `_25._tcp.itself TLSA ${key}`),
      verdict: 'delivered',
      codes: ['dns.mx.implicit', 'tls.dane.found', 'tls.dane.right'],
    },
  ];
}

// ---------------------------------------------------------------- MTA-STS

async function stsCases({ root, own }: Certificates): Promise<Case[]> {
  const at = (label: string, mode: string, peer: ScriptedSmtpOptions): TrustDomain => ({
    ...domain('polos', label, [peer]),
    sts: policy(mode, `*.${label}.polos.test`),
  });
  const issue = (label: string, untilDays?: number) =>
    root.issue({
      names: [`mx.${label}.polos.test`],
      ...(untilDays === undefined ? {} : { untilDays }),
    });
  const other = await root.issue({ names: ['mx.elsewhere.test'] });
  const unknown = await selfSigned({ names: ['mx.self.polos.test', 'mx.self-t.polos.test'] });
  const bad: [string, string, ScriptedSmtpOptions, string][] = [
    [
      'a certificate by nobody known',
      'self',
      tls(unknown),
      'certificate-not-trusted DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
    [
      'a certificate that is over',
      'over',
      tls(await issue('over', -1)),
      'certificate-expired CERT_HAS_EXPIRED',
    ],
    [
      'a certificate for somebody else',
      'other',
      tls(other),
      'certificate-host-mismatch ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    ['STARTTLS stripped', 'strip', stripped, 'starttls-not-supported'],
  ];
  const trials = bad.flatMap(([what, label, peer, result]): Case[] => [
    {
      name: `MTA-STS enforced: ${what}`,
      at: at(label, 'enforce', peer),
      verdict: label === 'strip' ? 'later 4.7.10' : 'later 4.7.5',
      codes: ['tls.sts.enforce', label === 'strip' ? 'tls.missing' : 'tls.wrong'],
      outcomes: [`sts ${result}`],
    },
    {
      name: `MTA-STS on trial: ${what}; delivered, told and reported`,
      at: at(`${label}-t`, 'testing', peer),
      verdict: 'delivered',
      codes: ['tls.sts.testing', 'tls.sts.trial', 'smtp.accepted'],
      outcomes: [`sts ${result}`],
    },
  ]);
  const unnamed = (label: string, mode: string, peer: Issued): TrustDomain => ({
    ...domain('polos', label, [tls(peer)]),
    sts: policy(mode, 'mx.real.polos.test'),
  });
  return [
    {
      name: 'MTA-STS enforced: all is as it should be',
      at: at('good', 'enforce', tls(await issue('good'))),
      verdict: 'delivered',
      codes: ['tls.sts.enforce', 'tls.ok', 'smtp.accepted'],
      outcomes: ['sts success'],
    },
    ...trials,
    {
      name: 'MTA-STS enforced: an MX that the policy does not name, forged or forgotten',
      at: unnamed('forged', 'enforce', await issue('forged')),
      verdict: 'later 4.7.0',
      codes: ['tls.sts.enforce', 'tls.sts.unnamed'],
      outcomes: ['sts validation-failure mx-not-in-policy'],
    },
    {
      name: 'MTA-STS on trial: an MX that the policy does not name',
      at: unnamed('forged-t', 'testing', await issue('forged-t')),
      verdict: 'delivered',
      codes: ['tls.sts.trial', 'smtp.accepted'],
      outcomes: ['sts validation-failure mx-not-in-policy'],
    },
    {
      name: 'MTA-STS enforced: TLS 1.0 is not enough',
      at: at('old', 'enforce', old(await issue('old'))),
      verdict: 'later 4.7.5',
      codes: ['tls.sts.enforce', 'tls.failed'],
    },
    {
      name: 'MTA-STS: a policy that says "none"',
      at: { ...domain('polos', 'none', [tls(own)]), sts: policy('none') },
      verdict: 'delivered',
      codes: ['tls.unverified', 'smtp.accepted'],
      outcomes: ['no-policy-found success'],
    },
  ];
}

// ---------------------------------------------------------------- what the sender wants

async function senderCases({ root, own }: Certificates): Promise<Case[]> {
  const key = tlsaOf(own.certificate, 3, 1, 1);
  const good = await root.issue({ names: ['mx.req-sts.polos.test', 'mx.req-roots.aman.test'] });
  return [
    {
      name: 'REQUIRETLS: promised by a server that DANE describes',
      at: domain('aman', 'req', [promising(tls(own))], tlsa('req', key)),
      send: requireTls,
      verdict: 'delivered',
      codes: ['tls.dane.right', 'smtp.accepted'],
    },
    {
      name: 'REQUIRETLS: promised by a server that MTA-STS names',
      at: {
        ...domain('polos', 'req-sts', [promising(tls(good))]),
        sts: policy('enforce', 'mx.req-sts.polos.test'),
      },
      send: requireTls,
      verdict: 'delivered',
      codes: ['tls.ok', 'smtp.accepted'],
    },
    {
      name: 'REQUIRETLS: a signed MX without TLSA records, and a good certificate',
      at: domain('aman', 'req-roots', [promising(tls(good))]),
      send: requireTls,
      verdict: 'delivered',
      codes: ['tls.ok', 'smtp.accepted'],
    },
    {
      name: 'REQUIRETLS: the server does not promise it',
      at: domain('aman', 'req-no', [tls(own)], tlsa('req-no', key)),
      send: requireTls,
      verdict: 'never 5.7.30',
      codes: ['tls.dane.right', 'smtp.unfit'],
    },
    {
      name: 'REQUIRETLS: nothing vouches for the MX',
      at: domain('polos', 'req-un', [promising(tls(own))]),
      send: requireTls,
      verdict: 'never 5.7.30',
      codes: ['tls.unvouched'],
    },
    {
      name: 'REQUIRETLS: STARTTLS stripped',
      at: domain('aman', 'req-strip', [promising(stripped)], tlsa('req-strip', key)),
      send: requireTls,
      verdict: 'never 5.7.10',
      codes: ['tls.missing'],
    },
    {
      name: 'REQUIRETLS is not waived by the header of the same message',
      at: domain('aman', 'req-both', [promising(tls(own))], tlsa('req-both', wrongDigest)),
      send: { ...requireTls, ...waived },
      verdict: 'never 5.7.10',
      codes: ['tls.wrong'],
    },
    {
      name: 'TLS-Required: No: delivered although DANE finds it wrong',
      at: domain('aman', 'waived', [tls(own)], tlsa('waived', wrongDigest)),
      send: waived,
      verdict: 'delivered',
      codes: ['tls.waived', 'tls.unverified', 'smtp.accepted'],
      outcomes: [],
    },
    {
      name: 'TLS-Required: No: delivered although MTA-STS would not',
      at: {
        ...domain('polos', 'waived-sts', [stripped]),
        sts: policy('enforce', 'mx.waived-sts.polos.test'),
      },
      send: waived,
      verdict: 'delivered',
      codes: ['tls.waived', 'tls.none', 'smtp.accepted'],
    },
    {
      name: 'nobody asks for anything: encrypted with whomever',
      at: domain('polos', 'any', [tls(own)]),
      verdict: 'delivered',
      codes: ['tls.unverified', 'smtp.accepted'],
      outcomes: ['no-policy-found success'],
    },
    {
      name: 'nobody asks for anything: TLS 1.0 is better than nothing',
      at: domain('polos', 'any-old', [old(own)]),
      verdict: 'delivered',
      codes: ['tls.unverified', 'smtp.accepted'],
    },
    {
      name: 'nobody asks for anything: in the clear where there is no TLS',
      at: domain('polos', 'any-clear', [stripped]),
      verdict: 'delivered',
      codes: ['tls.none', 'smtp.accepted'],
      outcomes: ['no-policy-found starttls-not-supported'],
    },
  ];
}

test('trust, outbound', async (t) => {
  if (!requireProgram(t, 'knot', 'unbound')) return;
  const root = await trustedRoot();
  const anchor = await selfSigned({ names: ['Anchor'], authority: {} });
  const middle = await anchor.issue({ names: ['Middle'], authority: {} });
  const own = await selfSigned({ names: ['nobody.test'], untilDays: -1 });
  const certificates = { root, anchor, middle, own };
  const cases = [
    ...(await daneCases(certificates)),
    ...dnsCases(certificates),
    ...(await stsCases(certificates)),
    ...(await senderCases(certificates)),
  ];
  await using there = await TrustWorld.start(root, [
    ...cases.map(({ at }) => at),
    { zone: 'palsu', label: 'any', peers: [], records: [`tlsa TLSA ${wrongDigest}`] },
    { zone: 'palsu', label: 'host', peers: [], records: ['host A 127.0.2.1'] },
  ]);
  for (const { name, at, send, verdict, codes, outcomes } of cases) {
    await t.test(name, async () => {
      const sent = await there.send(at, send);
      const story = `${sent.verdict}: ${sent.codes.join(' ')}`;
      assert.equal(sent.verdict, verdict, story);
      assert.deepEqual(
        codes.filter((code) => sent.codes.includes(code)),
        codes,
        story,
      );
      if (outcomes !== undefined) assert.deepEqual(sent.outcomes, outcomes, story);
    });
  }
});
