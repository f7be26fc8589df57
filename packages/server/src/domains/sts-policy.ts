/** The MTA-STS policy that we serve for our domains. RFC 8461 §3.2. */

import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';

/** With CRLF at each line's end; null: none is served. */
export function stsPolicyText({
  hostname,
  publish,
}: Pick<Config, 'hostname' | 'publish'>): string | null {
  if (publish.sts === 'none') return null;
  const lines = [
    'version: STSv1',
    `mode: ${publish.sts}`,
    `mx: ${hostname.toLowerCase()}`,
    `max_age: ${publish.sts_max_age_s}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Another one whenever the policy is another one, and only then. RFC 8461 §3.1. */
export function stsPolicyId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}
