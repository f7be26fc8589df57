/** Days of reports: from 00:00 to 24:00 UTC. RFC 8460 §4.1, RFC 9990 §3.1.1.4. */

import { dayMs } from './limits.ts';

/** `2026-11-22`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

export function dayBounds(day: string): { readonly beginMs: number; readonly endMs: number } {
  const beginMs = Date.parse(`${day}T00:00:00Z`);
  return { beginMs, endMs: beginMs + dayMs };
}
