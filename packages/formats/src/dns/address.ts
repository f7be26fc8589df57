/**
 * IP addresses, text and octets. IPv6 is written as RFC 5952 recommends and read in every form of
 * RFC 4291 §2.2; IPv4 only as four decimal numbers (never octal, never fewer than four).
 */

/** Four or sixteen octets; null when the text is no address. Zone ids (`%eth0`) are refused. */
export function readAddress(text: string): Uint8Array | null {
  return text.includes(':') ? readIpv6(text) : readIpv4(text);
}

export function readIpv4(text: string): Uint8Array | null {
  const parts = text.split('.', 5);
  if (parts.length !== 4) return null;
  const octets = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    octets[i] = Number(part);
  }
  return octets;
}

export function readIpv6(text: string): Uint8Array | null {
  if (text.length > 45) return null;
  const halves = text.split('::', 3);
  if (halves.length > 2) return null;
  const head = readGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? readGroups(halves[1] ?? '', true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  // `::` stands for at least one group of zeros.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  const octets = new Uint8Array(16);
  octets.set(head, 0);
  octets.set(tail, 16 - tail.length);
  return octets;
}

/** Groups between colons as octets; the last one may be a dotted IPv4 address. */
function readGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':', 9);
  for (const [i, group] of groups.entries()) {
    if (mayEndInIpv4 && i === groups.length - 1 && group.includes('.')) {
      const ipv4 = readIpv4(group);
      if (ipv4 === null) return null;
      octets.push(...ipv4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 255);
    }
  }
  return octets.length <= 16 ? octets : null;
}

/** Four or sixteen octets as text. */
export function writeAddress(octets: Uint8Array): string {
  return octets.length === 4 ? octets.join('.') : writeIpv6(octets);
}

function writeIpv6(octets: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0));
  // RFC 5952 §5: addresses known to embed IPv4 show it.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${octets.subarray(12).join('.')}`;
  }
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  // RFC 5952 §4.2.2: a single group of zeros is not shortened.
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let i = 0; i < groups.length; i += 1) {
    let end = i;
    while (end < groups.length && groups[end] === 0) end += 1;
    if (end - i > best.length) best = { start: i, length: end - i };
    if (end > i) i = end;
  }
  return best;
}
