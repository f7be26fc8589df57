/**
 * Five hundred messages that we, Rspamd and OpenDKIM judge by the same DNS: they must accept our
 * signatures, and whoever disagrees must have a reason that stands here. TEST_SEED chooses other
 * messages.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import { DkimVerifier, type DkimResult } from '@merpati/formats/auth/dkim.ts';
import { authorDomains, checkDmarc, type DmarcResult } from '@merpati/formats/auth/dmarc.ts';
import { settleCheckAtOnce } from '@merpati/formats/auth/dns-facts.ts';
import { checkSpf, type SpfResult } from '@merpati/formats/auth/spf.ts';
import { askZone } from '@merpati/formats/auth/zone.ts';
import { findField, readHead } from '@merpati/formats/message/head.ts';
import { authCrypto } from '@merpati/server/checks/auth-crypto.ts';
import { Knot } from '../peers/knot.ts';
import { askOpenDkim, type OpenDkimVerdict } from '../peers/opendkim.ts';
import { Rspamd } from '../peers/rspamd.ts';
import { requireProgram } from '../programs.ts';
import { makeSamples, type Sample, type SampleZone } from './trust-messages.ts';

const seed = Number(process.env['TEST_SEED'] ?? 4);
const count = 500;
const askedAtOnce = 8;

interface Judged {
  readonly sample: Sample;
  readonly spf: SpfResult;
  readonly dkim: readonly DkimResult[];
  /** By SPF as it is, or as somebody else sees it. */
  readonly dmarc: (spf: string) => DmarcResult;
}

function judge(sample: Sample, { zone }: SampleZone): Judged {
  const ask = askZone(zone);
  const { message, ip, helo, sender } = sample;
  const receiver = 'mx.penerima.test';
  const spf = settleCheckAtOnce(checkSpf({ ip, helo, mailFrom: sender, receiver }), ask);
  const head = readHead(message);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const verifier = new DkimVerifier(head, authCrypto, { nowSeconds });
  verifier.write(message.subarray(head.length));
  const dkim = settleCheckAtOnce(verifier.finish(), ask);
  const domains = authorDomains(findField(head, 'from')?.value() ?? '');
  const dmarc = (result: string) => {
    const question = { domains, spf: { result, domain: spf.domain }, dkim };
    return settleCheckAtOnce(checkDmarc(question), ask);
  };
  return { sample, spf, dkim, dmarc };
}

// ---------------------------------------------------------------- in their words

const spfSymbols: Readonly<Record<string, string>> = {
  R_SPF_ALLOW: 'pass',
  R_SPF_FAIL: 'fail',
  R_SPF_SOFTFAIL: 'softfail',
  R_SPF_NEUTRAL: 'neutral',
  R_SPF_NA: 'none',
  R_SPF_PERMFAIL: 'permerror',
  R_SPF_DNSFAIL: 'temperror',
};

const dkimSymbols: Readonly<Record<string, string>> = {
  R_DKIM_ALLOW: 'pass',
  R_DKIM_REJECT: 'fail',
  R_DKIM_PERMFAIL: 'permerror',
  R_DKIM_TEMPFAIL: 'temperror',
};

const dmarcSymbols: Readonly<Record<string, string>> = {
  DMARC_POLICY_ALLOW: 'pass',
  DMARC_POLICY_REJECT: 'fail reject',
  DMARC_POLICY_QUARANTINE: 'fail quarantine',
  DMARC_POLICY_SOFTFAIL: 'fail none',
  DMARC_NA: 'none',
};

function wordsOf(symbols: ReadonlySet<string>, words: Readonly<Record<string, string>>): string {
  return Object.entries(words)
    .flatMap(([symbol, word]) => (symbols.has(symbol) ? [word] : []))
    .sort()
    .join(' and ');
}

/** Each kind of result once, as Rspamd tells it. */
function kindsOf(results: readonly DkimResult[]): string {
  return [...new Set(results.map(({ result }) => result))].sort().join(' and ');
}

/** `pass satu._domainkey.ketat0.test`, for each signature. */
function listOf({ results }: OpenDkimVerdict): string {
  const found = results.matchAll(/dkim=(\w+)[^;]*? header\.d=(\S+) [^;]*?header\.s=(\S+)/gu);
  return [...found].map(([, result, domain, selector]) => `${result} ${selector} ${domain}`).join();
}

// ---------------------------------------------------------------- reasons

interface Disagreement {
  readonly about: string;
  readonly ours: string;
  readonly theirs: string;
  readonly judged: Judged;
}

interface Reason {
  readonly why: string;
  readonly fits: (one: Disagreement) => boolean;
}

const reasons: readonly Reason[] = [
  {
    why: 'text behind what l= covers: they accept it, for us nobody has signed it (RFC 6376 §8.2)',
    fits: ({ about, ours, theirs, judged: { dkim } }) =>
      about === 'DMARC, Rspamd'
        ? theirs === 'pass' && dkim.some(({ result }) => result === 'policy')
        : ours.startsWith('policy') && theirs === ours.replaceAll('policy', 'pass'),
  },
  {
    why:
      'Rspamd goes on where RFC 7208 wants permerror: a second record (§4.5), a broken term ' +
      '(§4.6), more than ten lookups (§4.6.4), an include of a domain without a record (§5.2)',
    fits: ({ about, ours, judged: { spf } }) =>
      about === 'SPF, Rspamd' &&
      ours === 'permerror' &&
      /^(?:ganda|rusak|panjang|hilang)/u.test(spf.domain),
  },
  {
    why:
      'a revoked key: OpenDKIM says fail, and names it; we say permerror ' +
      '(RFC 6376 §6.1.2, RFC 8601 §2.7.1)',
    fits: ({ about, ours, theirs }) =>
      about === 'DKIM, OpenDKIM' &&
      ours.replaceAll(/permerror cabut/gu, 'fail cabut') === theirs.replaceAll(/^$/gu, 'nothing'),
  },
  {
    why: 'a missing key: in a file of keys OpenDKIM cannot tell "there is none" from "not now"',
    fits: ({ about, ours, theirs }) => {
      if (about !== 'DKIM, OpenDKIM' || !ours.includes('permerror ketat')) return false;
      const expected = ours
        .replaceAll(/permerror ketat/gu, '\\w+ ketat')
        .replaceAll(/permerror cabut/gu, 'fail cabut');
      // When the key of the only one, or of all, is missing, it reports nothing at all.
      return theirs === '' || new RegExp(`^${expected}$`, 'u').test(theirs);
    },
  },
  {
    why: 'l=0: Rspamd does not take it for nothing; OpenDKIM and we do',
    fits: ({ about, ours, theirs, judged: { sample } }) =>
      about === 'DKIM, Rspamd' &&
      ours === 'policy' &&
      theirs === 'fail' &&
      /; l=0;/u.test(Buffer.from(sample.message).toString()),
  },
  {
    why: 'the first space of a value is lost on the way into OpenDKIM, simple form or not',
    fits: ({ about, ours, theirs, judged }) =>
      about === 'DKIM, OpenDKIM' &&
      / simple\/.* then spaces$/u.test(judged.sample.story) &&
      ours.startsWith('fail ') &&
      theirs === ours.replace('fail', 'pass'),
  },
];

test('five hundred messages: we, Rspamd and OpenDKIM', async (t) => {
  for (const name of ['rspamd', 'opendkim', 'knot', 'dkimpy'] as const) {
    if (!requireProgram(t, name)) return;
  }
  const { samples, zone } = await makeSamples(seed, count);
  const judged = samples.map((sample) => judge(sample, zone));
  const disagreements: Disagreement[] = [];
  const compare = (about: string, one: Judged, [ours, theirs]: readonly [string, string]) => {
    if (ours !== theirs) disagreements.push({ about, ours, theirs, judged: one });
  };

  await using knot = await Knot.start([{ name: 'test', signed: false, records: zone.lines }]);
  await using rspamd = await Rspamd.start(knot.port);
  let passes = 0;
  const waiting = [...judged];
  const askOne = async (): Promise<void> => {
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      const recipient = 'budi@penerima.test';
      const symbols = await rspamd.symbols({ ...one.sample, recipient });
      const spf = wordsOf(symbols, spfSymbols);
      compare('SPF, Rspamd', one, [one.spf.result, spf]);
      compare('DKIM, Rspamd', one, [kindsOf(one.dkim), wordsOf(symbols, dkimSymbols)]);
      // What SPF alone makes different is not counted twice.
      const { result, policy } = one.dmarc(spf);
      const dmarc = result === 'fail' ? `fail ${policy}` : result;
      compare('DMARC, Rspamd', one, [dmarc, wordsOf(symbols, dmarcSymbols)]);
      if (symbols.has('R_DKIM_ALLOW') && one.sample.story.includes('signed by us')) passes += 1;
    }
  };
  await Promise.all(Array.from({ length: askedAtOnce }, askOne));

  const messages = judged.map(({ sample }) => sample.message);
  const verdicts = await askOpenDkim(messages, zone.keys);
  for (const [index, one] of judged.entries()) {
    const ours = one.dkim.map(({ result, selector, domain }) => `${result} ${selector} ${domain}`);
    const theirs = verdicts[index];
    assert.ok(theirs);
    compare('DKIM, OpenDKIM', one, [ours.join(), listOf(theirs)]);
  }

  t.diagnostic(`seed ${seed}: ${passes} messages with signatures of ours that Rspamd accepts`);
  assert.ok(passes > count / 10);
  const left = new Set(disagreements);
  for (const { why, fits } of reasons) {
    const explained = disagreements.filter((one) => left.has(one) && fits(one));
    for (const one of explained) left.delete(one);
    t.diagnostic(`${explained.length} × ${why}`);
  }
  const unexplained = [...left].map(({ about, ours, theirs, judged: { sample } }) => {
    return `${about}: we ${ours}, they ${theirs}; ${sample.story}`;
  });
  assert.deepEqual(unexplained, []);
});
