/** What a server has said it can do, in its reply to EHLO. RFC 5321 §4.1.1.1. */

import { readEhlo, type Reply } from '@merpati/formats/smtp/reply.ts';

export interface Capabilities {
  /** The name the server gives itself; '' when it gives none. */
  readonly name: string;
  readonly pipelining: boolean;
  readonly chunking: boolean;
  readonly eightBitMime: boolean;
  readonly binaryMime: boolean;
  readonly smtputf8: boolean;
  readonly dsn: boolean;
  readonly startTls: boolean;
  readonly requireTls: boolean;
  readonly enhancedStatusCodes: boolean;
  /** null: SIZE is not offered; 0: offered without a limit. RFC 1870 §3. */
  readonly sizeMax: number | null;
  /** Mechanisms in upper case. RFC 4954 §3. */
  readonly auth: readonly string[];
  /** Longest hold in seconds; null: FUTURERELEASE is not offered. RFC 4865 §4. */
  readonly holdMaxS: number | null;
  /** Recipients of one transaction. RFC 9422 §4.2. */
  readonly recipientsMax: number | null;
  /** Transactions of one connection. RFC 9422 §4.1. */
  readonly transactionsMax: number | null;
  /** Our private way to say when the user pressed Send. */
  readonly xclick: boolean;
}

/** After HELO: SMTP as it was in 1982. */
export function basicCapabilities(reply: Reply): Capabilities {
  return readCapabilities({ ...reply, lines: reply.lines.slice(0, 1) });
}

export function readCapabilities(reply: Reply): Capabilities {
  const keywords = readEhlo(reply);
  const limits = readLimits(keywords.get('LIMITS') ?? []);
  return {
    name: reply.lines[0]?.split(' ')[0]?.toLowerCase() ?? '',
    pipelining: keywords.has('PIPELINING'),
    chunking: keywords.has('CHUNKING'),
    eightBitMime: keywords.has('8BITMIME'),
    binaryMime: keywords.has('BINARYMIME'),
    smtputf8: keywords.has('SMTPUTF8'),
    dsn: keywords.has('DSN'),
    startTls: keywords.has('STARTTLS'),
    requireTls: keywords.has('REQUIRETLS'),
    enhancedStatusCodes: keywords.has('ENHANCEDSTATUSCODES'),
    sizeMax: keywords.has('SIZE') ? (readCount(keywords.get('SIZE')?.[0]) ?? 0) : null,
    auth: (keywords.get('AUTH') ?? []).map((mechanism) => mechanism.toUpperCase()),
    holdMaxS: readCount(keywords.get('FUTURERELEASE')?.[0]),
    recipientsMax: limits.get('RCPTMAX') ?? null,
    transactionsMax: limits.get('MAILMAX') ?? null,
    xclick: keywords.has('XCLICK'),
  };
}

function readLimits(words: readonly string[]): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const word of words) {
    const [name = '', value] = word.split('=', 2);
    const count = readCount(value);
    if (count !== null && count > 0) limits.set(name.toUpperCase(), count);
  }
  return limits;
}

/** Numbers beyond 2^53 are no limits to anybody. */
function readCount(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,20}$/.test(text)
    ? Math.min(Number(text), Number.MAX_SAFE_INTEGER)
    : null;
}
