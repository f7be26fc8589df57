/** The JMAP readers as the fuzzer drives them. */

import { readUtf8 } from '../bytes.ts';
import type { FuzzTarget } from '../message/fuzz-targets.ts';
import { readHead } from '../message/head.ts';
import { readMime } from '../message/mime.ts';
import { bodyPartOf, hasAttachment, sortParts } from './body-part.ts';
import { bodyValue } from './body-value.ts';
import { readJmapDate, writeUtcDate } from './date.ts';
import { allHeaders, readHeaderProperty, valueOfHeader } from './header-property.ts';
import { isObject, readJson } from './json.ts';
import { applyPatch } from './patch.ts';
import { resolveReferences } from './reference.ts';
import { readRequest } from './request.ts';

const encoder = new TextEncoder();

function seedsOf(...texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => encoder.encode(text));
}

const request = `{"using":["urn:ietf:params:jmap:core"],"methodCalls":[
["Email/query",{"filter":{"inMailbox":"M1"}},"0"],
["Email/get",{"#ids":{"resultOf":"0","name":"Email/query","path":"/ids"}},"1"]]}`;

const mail = `From: Siti <siti@surat.test>\r
List-Post: <mailto:a@b.test> (posts)\r
Date: Mon, 5 Jan 2026 10:00:00 +0700\r
Content-Type: multipart/alternative; boundary=b\r
\r
--b\r
\r
teks\r
--b\r
Content-Type: multipart/related; boundary=c\r
\r
--c\r
Content-Type: text/html\r
\r
<p>teks &amp; <img src="cid:x">\r
--c\r
Content-Type: image/png; name=x.png\r
Content-ID: <x>\r
\r
x\r
--c--\r
--b--\r
`;

export const jmapFuzzTargets: readonly FuzzTarget[] = [
  {
    name: 'jmap request',
    seeds: seedsOf(request),
    run: (bytes) => {
      const text = readUtf8(bytes);
      if (text === null) return;
      const { calls } = readRequest(readJson(text));
      for (const { args } of calls) resolveReferences(args, calls);
    },
  },
  {
    name: 'jmap patch',
    seeds: seedsOf('[{"keywords":{"$seen":true}},{"keywords/$flagged":true,"a":null}]'),
    run: (bytes) => {
      const value = readJson(readUtf8(bytes) ?? '');
      const [object, patch] = Array.isArray(value) ? (value as readonly (typeof value)[]) : [];
      if (isObject(object) && isObject(patch)) applyPatch(object, patch);
    },
  },
  {
    name: 'jmap date',
    seeds: seedsOf('2026-11-22T10:00:00Z', '2014-10-30T14:12:00.125+08:00'),
    run: (bytes) => {
      const ms = readJmapDate(readUtf8(bytes) ?? '');
      if (ms === null) return;
      const written = writeUtcDate(ms);
      const isKept = ms < 0 || readJmapDate(written) === ms || written.length > 24;
      if (!isKept) throw new Error(`broken promise: ${written} reads back as another time`);
    },
  },
  {
    name: 'jmap header property',
    seeds: seedsOf('header:List-Post:asURLs:all', 'header:Subject:asText'),
    run: (bytes) => {
      const property = readHeaderProperty(readUtf8(bytes) ?? '');
      valueOfHeader(readHead(encoder.encode(mail)), property);
    },
  },
  {
    name: 'jmap body parts',
    seeds: seedsOf(mail),
    run: (bytes) => {
      const { root } = readMime(bytes);
      const lists = sortParts(bodyPartOf(root));
      hasAttachment(lists);
      allHeaders(root.head);
      for (const part of [...lists.text, ...lists.html, ...lists.attachments]) {
        if (part.partId === null) throw new Error('broken promise: a multipart is in a list');
      }
    },
  },
  {
    name: 'jmap body value',
    seeds: seedsOf('<p>Apa &amp; siapa <b>é😀</b>\r\n'),
    run: (bytes) => {
      const text = readUtf8(bytes) ?? '';
      for (const bytesMax of [1, 2, 3, 5, 8, 13]) {
        const { value } = bodyValue(text, { isHtml: true, bytesMax, hasFaults: false });
        if (encoder.encode(value).length > bytesMax) throw new Error('broken promise: too long');
        if (!text.replaceAll('\r\n', '\n').startsWith(value)) {
          throw new Error('broken promise: another text');
        }
      }
    },
  },
];
