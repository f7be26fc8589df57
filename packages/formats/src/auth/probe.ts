/** What `merpati probe` asks of the checks: from JSON to JSON. */

import { SyntaxFault } from '../syntax-fault.ts';
import type { DnsAsk, DnsReply } from './dns-facts.ts';
import { settleCheck } from './dns-facts.ts';
import { checkSpf } from './spf.ts';

type Json = Readonly<Record<string, unknown>>;
type Ask = (question: DnsAsk) => Promise<DnsReply>;

function textOf(input: Json, name: string, otherwise?: string): string {
  const value = input[name] ?? otherwise;
  if (typeof value !== 'string') throw new SyntaxFault('probe.input', `${name} must be text`);
  return value;
}

/** `{ ip, helo, mailfrom, receiver }` */
export async function probeSpf(input: Json, ask: Ask): Promise<object> {
  const question = {
    ip: textOf(input, 'ip'),
    helo: textOf(input, 'helo', ''),
    mailFrom: textOf(input, 'mailfrom', ''),
    receiver: textOf(input, 'receiver', ''),
  };
  const found = await settleCheck(checkSpf(question), ask);
  const { result, explanation, mechanism, lookups, reason, steps } = found;
  const tried = steps.map(
    ({ domain, term, isMatch }) => `${domain}: ${term} ${isMatch ? 'matches' : 'does not match'}`,
  );
  const reasons = reason === null ? tried : [...tried, reason];
  return { result, explanation, mechanism, lookups, reasons };
}
