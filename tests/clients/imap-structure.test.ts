/**
 * What our server and Debian's Dovecot tell of each message of the MIME corpus, side by side:
 * ENVELOPE, BODYSTRUCTURE, and each part that has a number. They agree on all that is well-formed;
 * every disagreement stands below with its reason.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ResponseAssembly } from '@merpati/formats/imap/response-assembly.ts';
import { ResponseReader } from '@merpati/formats/imap/response-reader.ts';
import { readResponse } from '@merpati/formats/imap/response.ts';
import { writeBodyStructure } from '@merpati/formats/imap/body-structure.ts';
import { writeEnvelope } from '@merpati/formats/imap/envelope.ts';
import { readMime } from '@merpati/formats/message/mime.ts';
import { Dovecot } from '../peers/dovecot.ts';
import { requireProgram } from '../programs.ts';
import { listFiles } from '../tidy/tree.ts';

const files = listFiles(/^packages\/formats\/testdata\/message\/.*\.eml$/);

const noCharset = 'a text without a charset: Dovecot says us-ascii, we what is written';
const noDomain = 'an address without a domain: Dovecot says MISSING_DOMAIN, we nothing';
const torn = 'a name or an address that is damaged, of which we read more';
const tornHead = 'a head without its empty line: what follows is a text to us, nothing to Dovecot';
const blanks = 'folds: Dovecot makes one space of them, we unfold as RFC 5322 §2.2.3 says';
const noParts =
  'parts that were not found: we tell the whole body as a text, so that it can be read';

/** By file: why we differ from Dovecot. */
const reasons: Readonly<Record<string, string>> = {
  'legacy/001': noCharset,
  'legacy/002': torn,
  'legacy/003': noDomain,
  'legacy/004': torn,
  'legacy/009': 'mailto: in an address, which Dovecot takes for a group',
  'malformed/001': tornHead,
  'malformed/004': 'a bare LF is one octet to us; Dovecot counts CRLF for it',
  'malformed/005': 'NUL: a question mark to us, U+FFFD to Dovecot, which ends the head there',
  'malformed/007': noCharset,
  'malformed/008': tornHead,
  'malformed/009': blanks,
  'malformed/010': noCharset,
  'malformed/011': 'a multipart without a boundary is a text (RFC 2046 §5.1.1)',
  'malformed/012': tornHead,
  'malformed/013': `${noCharset}; ${tornHead}`,
  'malformed/015': 'a longer line that begins as the boundary does is no delimiter to us',
  'malformed/016': 'an encoded message: we tell its encoding, so that it can be read',
  'malformed/017': 'types that are none, and a disposition without a word',
  'malformed/018': 'a parameter whose quote is not closed, of which we read more',
  'malformed/019': 'pieces of a value with gaps and doubles',
  'malformed/021': noCharset,
  'malformed/022': torn,
  'malformed/023': tornHead,
  'malformed/024': 'a boundary of more than 200 characters is none to us',
  'malformed/025': noParts,
  'malformed/026': 'quotes within quotes',
  'rfc/004': `${blanks}; ${torn}`,
  'rfc/005': blanks,
  'rfc/007': noCharset,
  'rfc/009': 'an apostrophe in a value put together: we escape it (RFC 2231 §7)',
};

test('of a well-formed message both tell the same', { timeout: 120_000 }, async (t) => {
  if (!requireProgram(t, 'root', 'dovecot-imap')) return;
  const user = 'you@merpati.test';
  await using dovecot = await Dovecot.start({ users: { [user]: 'merpati' }, imap: true });
  const messages = files.map((file) => new Uint8Array(readFileSync(file)));
  for (const message of messages) await dovecot.save(user, message);
  const told = readAll(await fetchAll(dovecot.ports.imap, user));
  const differing: Record<string, string> = {};
  for (const [index, file] of files.entries()) {
    const name = /([a-z]+\/\d+)\.eml$/.exec(file)?.[1] ?? file;
    const [ours] = readAll(tell(messages[index]!));
    if (!isSame(ours, told[index])) differing[name] = reasons[name] ?? 'not explained yet';
  }
  assert.deepEqual(differing, reasons);
});

function tell(message: Uint8Array): Buffer {
  const { root } = readMime(message);
  return Buffer.concat([
    Buffer.from('* 1 FETCH (ENVELOPE '),
    writeEnvelope(root.head),
    Buffer.from(' BODYSTRUCTURE '),
    writeBodyStructure(root, { extended: true }),
    Buffer.from(')\r\n'),
  ]);
}

function isSame(ours: unknown, theirs: unknown): boolean {
  try {
    assert.deepEqual(ours, theirs);
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}

/** Envelope and structure of each FETCH. */
function readAll(octets: Uint8Array): unknown[] {
  const octetsMax = 1 << 20;
  const reader = new ResponseReader({ lineOctetsMax: octetsMax });
  const assembly = new ResponseAssembly(reader, {
    literalOctetsMax: octetsMax,
    responseOctetsMax: octetsMax,
    literalsMax: 1000,
  });
  reader.push(octets);
  const all: unknown[] = [];
  for (let parts = assembly.next(); parts !== null; parts = assembly.next()) {
    const response = readResponse(parts);
    if (response.kind !== 'fetch') continue;
    all.push([response.fetched.envelope, response.fetched.structure]);
  }
  return all;
}

async function fetchAll(port: number, user: string): Promise<Uint8Array> {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `a LOGIN ${user} merpati\r\nb EXAMINE INBOX\r\n` +
      'c FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\nd LOGOUT\r\n',
  );
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
