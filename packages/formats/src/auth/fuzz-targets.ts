/** What the fuzzer feeds to readers of what strangers publish. */

import { readHead } from '../message/head.ts';
import { readArcSets } from './arc-set.ts';
import { readAuthservId, readMethodResults } from './authentication-results.ts';
import { readDkimKey, readDkimSignature } from './dkim-record.ts';
import { authorDomains } from './dmarc.ts';
import { readDmarcRecord } from './dmarc-record.ts';
import { readSpfRecord } from './spf-record.ts';
import { readStsId, readStsPolicy } from './sts.ts';

const decode = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

export const authFuzzTargets = [
  {
    name: 'auth/sts-policy',
    seeds: [
      'version: STSv1\r\nmode: enforce\r\nmx: a.example\r\nmx: *.b.example\r\nmax_age: 60\r\n',
      'version: STSv1\nmode: none\nmax_age: 0',
    ],
    run: (bytes: Uint8Array): unknown => readStsPolicy(decode(bytes)),
  },
  {
    name: 'auth/sts-record',
    seeds: ['v=STSv1; id=20160831085700Z;', 'v=STSv1;x=y;id=1'],
    run: (bytes: Uint8Array): unknown => readStsId([decode(bytes)]),
  },
  {
    name: 'auth/authentication-results',
    seeds: [
      'mx.surat.test 1; spf=pass (a; b) smtp.mailfrom=a@b.test; dkim=fail reason="c;d"',
      '(a (b)) "mx" ; dmarc/1 = none',
    ],
    run: (bytes: Uint8Array): unknown => [
      readAuthservId(decode(bytes)),
      readMethodResults(decode(bytes)),
    ],
  },
  {
    name: 'auth/spf-record',
    seeds: [
      'v=spf1 a:%{d1r+.}.x/24//64 ip6:2001:db8::/32 ~exists:%{i} redirect=_spf.x exp=e.x -all',
    ],
    run: (bytes: Uint8Array): unknown => readSpfRecord(decode(bytes)),
  },
  {
    name: 'auth/dkim-signature',
    seeds: [
      'v=1; a=rsa-sha256; c=relaxed; d=a.test; s=s; l=1; t=1; x=2; h=From:To; bh=AA==; b=AA==',
    ],
    run: (bytes: Uint8Array): unknown => readDkimSignature(decode(bytes)),
  },
  {
    name: 'auth/dkim-key',
    seeds: ['v=DKIM1; k=rsa; h=sha256:sha1; s=email; t=y:s; n=x; p=AA=='],
    run: (bytes: Uint8Array): unknown => readDkimKey(decode(bytes)),
  },
  {
    name: 'auth/dmarc-record',
    seeds: [
      'v=DMARC1; p=reject; sp=none; np=quarantine; pct=5; t=y; psd=u; rua=mailto:a@b.test!1m',
    ],
    run: (bytes: Uint8Array): unknown => readDmarcRecord(decode(bytes)),
  },
  {
    name: 'auth/authors',
    seeds: ['"a" <a@b.test>, Group: c@d.test;, (x) e @ f.test'],
    run: (bytes: Uint8Array): unknown => authorDomains(decode(bytes)),
  },
  {
    name: 'auth/arc-sets',
    seeds: [
      'ARC-Seal: i=1; cv=none\r\nARC-Message-Signature: i=1\r\n' +
        'ARC-Authentication-Results: i=1; x\r\n\r\n',
    ],
    run: (bytes: Uint8Array): unknown => readArcSets(readHead(bytes)).sets.length,
  },
];
