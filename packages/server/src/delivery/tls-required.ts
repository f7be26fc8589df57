/**
 * What the sender wrote about TLS into the message itself: `TLS-Required: No` asks to deliver even
 * where the recipient's domain wants more than can be had. RFC 8689 §3, §4.2.2.
 */

import type { Content } from '@merpati/client/smtp/content.ts';
import { deliveryLimits } from './limits.ts';

export async function waivesTls(content: Content): Promise<boolean> {
  const pieces: Uint8Array[] = [];
  let octets = 0;
  for await (const chunk of content.chunks()) {
    pieces.push(chunk);
    octets += chunk.length;
    const header = headerIn(Buffer.concat(pieces));
    if (header !== null) return saysNo(header);
    if (octets > deliveryLimits.headerOctetsMax) return false;
  }
  return saysNo(Buffer.concat(pieces).toString('latin1'));
}

const lineEnd = Buffer.from('\r\n');

/** null: its end has not come yet. */
function headerIn(octets: Buffer): string | null {
  if (octets.subarray(0, 2).equals(lineEnd)) return '';
  const end = octets.indexOf('\r\n\r\n');
  return end < 0 ? null : octets.toString('latin1', 0, end);
}

/** Any other value, and any second field, says nothing. */
function saysNo(header: string): boolean {
  const fields = header.match(/^TLS-Required[ \t]*:.*$/gim) ?? [];
  return fields.length === 1 && /^TLS-Required[ \t]*:[ \t]*No[ \t\r]*$/i.test(fields[0]);
}
