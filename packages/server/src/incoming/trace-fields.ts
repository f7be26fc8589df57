/**
 * The trace fields we put above a message. RFC 5321 §4.4 (Received, Return-Path), RFC 3848 and RFC
 * 6531 §4.3 (`with`), RFC 8314 §4.3 (`tls`), RFC 9228 (Delivered-To).
 */

import { writeDate } from '@merpati/formats/message/date.ts';
import type { SessionFacts } from './incoming.ts';

export interface TraceOptions {
  readonly hostname: string;
  /** The journey's text id. */
  readonly id: string;
  readonly atMs: number;
  readonly smtputf8: boolean;
  /** Named only when it is the one recipient: others are nobody's business. */
  readonly recipient: string | null;
  /** The account wants its address kept out of what it sends. */
  readonly hideClient: boolean;
}

export function receivedField(facts: SessionFacts, options: TraceOptions): string {
  const lines: string[] = [];
  const { hello, peer, tls } = facts;
  if (!options.hideClient && hello !== null && peer !== null) {
    lines.push(`from ${hello.name} ([${literal(peer.address)}])`);
  }
  const by = [`by ${options.hostname}`];
  const protocol = protocolName(facts, options.smtputf8);
  if (protocol !== null) by.push(`with ${protocol}`);
  lines.push(`${by.join(' ')} id ${options.id}`);
  if (options.recipient !== null) lines.push(`for <${options.recipient}>`);
  if (tls !== null) lines.push(`tls ${tls.cipher}`);
  return `Received: ${lines.join('\r\n\t')}; ${dateNow(options.atMs)}\r\n`;
}

export function returnPathField(sender: string): string {
  return `Return-Path: <${sender}>\r\n`;
}

export function deliveredToField(address: string): string {
  return `Delivered-To: ${address}\r\n`;
}

/** null: it came by none. */
function protocolName(facts: SessionFacts, smtputf8: boolean): string | null {
  if (facts.kind === 'internal' || facts.kind === 'queue') return null;
  const base = smtputf8 ? 'UTF8SMTP' : facts.hello?.isExtended === true ? 'ESMTP' : 'SMTP';
  if (base === 'SMTP') return base;
  return `${base}${facts.tls === null ? '' : 'S'}${facts.account === null ? '' : 'A'}`;
}

function literal(address: string): string {
  return address.includes(':') ? `IPv6:${address}` : address;
}

let second = -1;
let written = '';

/** Many messages come within a second. */
function dateNow(atMs: number): string {
  const now = Math.floor(atMs / 1000);
  if (now !== second) {
    second = now;
    written = writeDate(now * 1000);
  }
  return written;
}
