/** What the fuzzer feeds to readers of what strangers publish. */

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
];
