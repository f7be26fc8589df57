/**
 * Takes a report out of its packing: gzip, zip, or none. What comes out is handed on in pieces and
 * never held as a whole; a bomb is stopped by how much comes out, and by how much of it for each
 * octet that went in.
 */

import { Readable } from 'node:stream';
import { createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib';
import { readZip } from '@merpati/formats/report/zip.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { readLimits } from './limits.ts';

export async function* unpack(file: Uint8Array): AsyncGenerator<Buffer> {
  if (isGzip(file)) yield* inflate(file, createGunzip());
  else if (isZip(file)) yield* unzip(file);
  else yield Buffer.from(file.buffer, file.byteOffset, file.byteLength);
}

function isGzip(octets: Uint8Array): boolean {
  return octets[0] === 0x1f && octets[1] === 0x8b;
}

function isZip(octets: Uint8Array): boolean {
  return octets[0] === 0x50 && octets[1] === 0x4b && (octets[2] === 3 || octets[2] === 5);
}

/** Of several members the first that is called like a report; a lone one may have any name. */
async function* unzip(archive: Uint8Array): AsyncGenerator<Buffer> {
  const members = readZip(archive);
  const member =
    members.find(({ name }) => /\.(?:xml|json)$/i.test(name)) ??
    (members.length === 1 ? members[0] : undefined);
  if (member === undefined) throw new SyntaxFault('unpack.nothing', 'the archive has no report');
  if (member.method === 'deflated') yield* inflate(member.content, createInflateRaw());
  else yield* checkNested(Buffer.from(member.content));
}

async function* inflate(packed: Uint8Array, inflater: Gunzip | InflateRaw): AsyncGenerator<Buffer> {
  let octets = 0;
  const source = Readable.from(slices(packed));
  source.pipe(inflater);
  try {
    for await (const chunk of inflater as AsyncIterable<Buffer>) {
      if (octets === 0) yield* checkNested(chunk);
      else yield chunk;
      octets += chunk.length;
      requireBounds(octets, inflater.bytesWritten);
    }
  } catch (error) {
    if (error instanceof SyntaxFault) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SyntaxFault('unpack.damaged', `it is damaged (${why})`);
  } finally {
    source.destroy();
    inflater.destroy();
  }
}

function* slices(octets: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < octets.length; at += 65_536) yield octets.subarray(at, at + 65_536);
}

/** `packed`: octets that have gone in so far. */
function requireBounds(octets: number, packed: number): void {
  const { unpackedMax, ratioMax, ratioFromBytes } = readLimits;
  if (octets > unpackedMax || (octets > ratioFromBytes && octets > packed * ratioMax)) {
    throw new SyntaxFault('unpack.bomb', 'far too much comes out of it');
  }
}

/** A packing within a packing is no report. */
function* checkNested(first: Buffer): Generator<Buffer> {
  if (isGzip(first) || isZip(first)) {
    throw new SyntaxFault('unpack.nested', 'there is another archive in it');
  }
  yield first;
}
