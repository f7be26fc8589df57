/** What the fuzzer damages of sorting and threading: subjects, keys, references. */

import { decodeText } from '../message/charset.ts';
import { type Head, readHead } from '../message/head.ts';
import { readBaseSubject } from './base-subject.ts';
import { compareOctetwise, unicodeCasemap } from './collation.ts';
import { readSortKeys, sortKeyLengthMax } from './sort-key.ts';
import {
  readThreadKeys,
  threadByOrderedSubject,
  threadByReferences,
  writeThreads,
} from './thread.ts';

const subjects = ['Re: [tim] Fwd:  rapat (fwd)', '[fwd: [a] re [2]: x]', '[a] [b]', 'Re: Re:'];

const heads = [
  'From: tim: "a b"@x.test, Siti <s@x.test>;\r\nTo: x\r\nSubject: =?utf-8?Q?=C3=9Cber?=\r\n\r\n',
  'Message-ID: <"a"@x>\r\nReferences: <b@x> <"a"@x>\r\nSubject: Re: a\r\nDate: 1 Jan 26\r\n\r\n',
  [
    'Message-ID: <1@x>',
    'Message-ID: <2@x>\r\nIn-Reply-To: <1@x>',
    'References: <3@x> <2@x>',
    '',
  ].join('\r\n\r\n'),
];

export const imapOrderFuzzTargets = [
  {
    name: 'imap base subject',
    seeds: subjects,
    run(bytes: Uint8Array) {
      const subject = readBaseSubject(decodeText(bytes, null));
      if (readBaseSubject(subject.text).text !== subject.text) throw new Error('more was left');
      return subject;
    },
  },
  {
    name: 'imap sort keys',
    seeds: heads,
    run(bytes: Uint8Array) {
      const { sentMs, ...texts } = readSortKeys(readHead(bytes));
      for (const text of Object.values(texts)) {
        if (text.length > sortKeyLengthMax) throw new Error('a key is too long');
        if (compareOctetwise(text, text) !== 0) throw new Error('not equal to itself');
      }
      return sentMs;
    },
  },
  {
    name: 'imap collation',
    seeds: ['Grüße ẞ Ǆ ﬁ 한 é', 'e\u0301 \u1f80'],
    run(bytes: Uint8Array) {
      const form = unicodeCasemap(decodeText(bytes, null));
      if (!form.isWellFormed()) throw new Error('half a character');
    },
  },
  { name: 'imap threads', seeds: heads, run: runThreads },
] as const;

/** The octets as the heads of several messages. */
function runThreads(bytes: Uint8Array): void {
  const messages = cutHeads(bytes).map((head, at) => {
    const keys = readThreadKeys(head);
    return { ...keys, number: at + 1, sentMs: keys.sentMs ?? at };
  });
  for (const threads of [threadByReferences(messages), threadByOrderedSubject(messages)]) {
    const numbers = [...writeThreads(threads)].join('').match(/\d+/gu) ?? [];
    if (new Set(numbers).size !== messages.length || numbers.length !== messages.length) {
      throw new Error('a message is lost, or there twice');
    }
  }
}

const headsMax = 50;

function cutHeads(bytes: Uint8Array): Head[] {
  const heads: Head[] = [];
  for (let at = 0; at < bytes.length && heads.length < headsMax;) {
    const head = readHead(bytes.subarray(at));
    heads.push(head);
    at += Math.max(1, head.length);
  }
  return heads;
}
