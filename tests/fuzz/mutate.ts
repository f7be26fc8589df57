/**
 * A mutation fuzzer for byte readers: seeds in, damaged copies out. Everything follows from one
 * number, so that a failure can be had again.
 */

export interface Random {
  /** 0 ≤ x < bound, whole. */
  below(bound: number): number;
}

/** Mulberry32: small, good enough to break parsers, the same everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    below(bound) {
      state = (state + 0x6d2b79f5) >>> 0;
      let x = Math.imul(state ^ (state >>> 15), state | 1);
      x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
      return ((x ^ (x >>> 14)) >>> 0) % bound;
    },
  };
}

/** What parsers stumble over, across all our formats. */
const words = [
  '\r\n',
  '\n',
  '\r',
  '\r\n.\r\n',
  '\n.\n',
  '\r\n\r\n',
  '\r\n ',
  '\t',
  ' ',
  '"',
  '\\',
  '(',
  ')',
  '<',
  '>',
  '@',
  ',',
  ';',
  ':',
  '=',
  '%',
  '+',
  '.',
  '..',
  '-',
  '--',
  '\0',
  '=?utf-8?B?',
  '=?iso-8859-1?Q?',
  '?=',
  "utf-8''",
  '*0*=',
  '=\r\n',
  '=3D',
  'Content-Type: multipart/mixed; boundary="b"\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  '\r\n--b\r\n',
  '\r\n--b--\r\n',
  '250-',
  '250 2.0.0 ',
  '+OK ',
  '-ERR ',
  'SIZE=',
  'SMTPUTF8',
  'é',
  '\u202e',
  '𝔘',
  '0',
  '-1',
  '65536',
  '4294967296',
  '99999999999999999999',
].map((word) => new TextEncoder().encode(word));

const rawWords = [
  [0x80],
  [0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xc0, 0x0c],
  [0x00, 0x00],
  [0xff, 0xff],
].map((octets) => Uint8Array.from(octets));

const dictionary = [...words, ...rawWords];

export interface Corpus {
  readonly seeds: readonly Uint8Array[];
  readonly bytesMax: number;
}

/** One damaged copy of one of the seeds. */
export function mutate(corpus: Corpus, random: Random): Uint8Array {
  let bytes = pick(corpus.seeds, random);
  const rounds = 1 + random.below(6);
  for (let round = 0; round < rounds; round += 1) {
    bytes = damage(bytes, corpus, random).subarray(0, corpus.bytesMax);
  }
  return bytes;
}

function pick<T>(list: readonly T[], random: Random): T {
  const item = list[random.below(list.length)];
  if (item === undefined) throw new Error('an empty list has nothing to pick');
  return item;
}

function damage(bytes: Uint8Array, corpus: Corpus, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(32));
  switch (random.below(9)) {
    case 0: // one bit
      return replace(bytes, at, at + 1, [(bytes[at] ?? 0) ^ (1 << random.below(8))]);
    case 1: // one octet
      return replace(bytes, at, at + 1, [random.below(256)]);
    case 2: // a piece lost
      return replace(bytes, at, end, []);
    case 3: // a piece doubled
      return replace(bytes, at, at, bytes.subarray(at, end));
    case 4: // a piece many times
      return replace(bytes, at, at, repeat(bytes.subarray(at, end), 1 + random.below(64)));
    case 5: // a word of some grammar
      return replace(bytes, at, random.below(2) === 0 ? at : end, pick(dictionary, random));
    case 6: // such a word many times: depth, counts
      return replace(bytes, at, at, repeat(pick(dictionary, random), 1 + random.below(200)));
    case 7: {
      // the head of one, the tail of another
      const other = pick(corpus.seeds, random);
      return replace(bytes, at, bytes.length, other.subarray(random.below(other.length + 1)));
    }
    default: // cut short
      return bytes.subarray(0, at);
  }
}

function replace(bytes: Uint8Array, start: number, end: number, by: ArrayLike<number>): Uint8Array {
  const tail = bytes.subarray(end);
  const result = new Uint8Array(start + by.length + tail.length);
  result.set(bytes.subarray(0, start), 0);
  result.set(by, start);
  result.set(tail, start + by.length);
  return result;
}

function repeat(bytes: Uint8Array, times: number): Uint8Array {
  const result = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i += 1) result.set(bytes, i * bytes.length);
  return result;
}
