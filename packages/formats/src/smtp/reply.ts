/**
 * SMTP replies, written by servers and read by clients. RFC 5321 §4.2; enhanced status codes stand
 * in front of the text of each line, RFC 2034 §4.
 */

import { copyBytes } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';

export interface Reply {
  /** 200 … 599. */
  readonly code: number;
  /** `5.1.1`; null where RFC 2034 §3 gives none (greeting, EHLO, 3yz). */
  readonly enhanced: string | null;
  /** At least one; without code and enhanced code. */
  readonly lines: readonly string[];
}

export const replyLimits = {
  /** RFC 5321 §4.5.3.1.5 says 512; servers that quote addresses and links exceed it. */
  lineOctetsMax: 4096,
  /** EHLO of the largest servers has about 30 lines. */
  linesMax: 200,
} as const;

/**
 * The reply on the wire, each line ended by CRLF.
 *
 * @example writeReply({ code: 250, enhanced: '2.0.0', lines: ['Ok'] }) // '250 2.0.0 Ok\r\n'
 */
export function writeReply(reply: Reply): string {
  const { code, enhanced, lines } = reply;
  const lead = enhanced === null ? '' : `${enhanced} `;
  if (lines.length === 1) return `${code} ${lead}${lines[0]}\r\n`;
  let text = '';
  const last = lines.length - 1;
  for (let i = 0; i <= last; i += 1) {
    text += `${code}${i === last ? ' ' : '-'}${lead}${lines[i]}\r\n`;
  }
  return text;
}

/** The reply in one line, as diagnostics quote it: `550 5.1.1 no such user`. */
export function replyText(reply: Reply): string {
  const lead = reply.enhanced === null ? '' : `${reply.enhanced} `;
  return `${reply.code} ${lead}${reply.lines.join(' ')}`;
}

export interface ReplyReader {
  /**
   * Takes what the connection gave; answers the replies that are complete now. Throws SyntaxFault.
   */
  push(chunk: Uint8Array): Reply[];
  /** Octets waiting for the rest of their reply. After STARTTLS's 220 this must be 0. */
  readonly pending: number;
}

/** An incremental reader with limits; any cutting of the same bytes gives the same replies. */
export function createReplyReader(): ReplyReader {
  const decoder = new TextDecoder();
  let rest: Uint8Array = new Uint8Array(0);
  let code = 0;
  let texts: string[] = [];

  function takeLine(line: string, replies: Reply[]): void {
    const match = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s.exec(line);
    if (match === null) throw new SyntaxFault('smtp.reply', 'not an SMTP reply');
    const lineCode = Number(match[1]);
    if (texts.length > 0 && lineCode !== code) {
      throw new SyntaxFault('smtp.reply', 'the lines of one reply differ in their codes');
    }
    if (texts.length >= replyLimits.linesMax) {
      throw new SyntaxFault('smtp.reply.too-long', 'a reply of too many lines');
    }
    code = lineCode;
    texts.push(match[3] ?? '');
    if (match[2] === '-') return;
    replies.push(makeReply(code, texts));
    texts = [];
  }

  return {
    get pending() {
      return rest.length + texts.length;
    },
    push(chunk) {
      const replies: Reply[] = [];
      let bytes = chunk;
      if (rest.length > 0) {
        bytes = new Uint8Array(rest.length + chunk.length);
        bytes.set(rest);
        bytes.set(chunk, rest.length);
      }
      let at = 0;
      for (;;) {
        const end = bytes.indexOf(10, at);
        const length = (end < 0 ? bytes.length : end) - at;
        if (length > replyLimits.lineOctetsMax) {
          throw new SyntaxFault('smtp.reply.too-long', 'a reply line is too long');
        }
        if (end < 0) break;
        // QUIRK: replies ended by a bare LF are read; old appliances send them.
        const stop = end > at && bytes[end - 1] === 13 ? end - 1 : end;
        takeLine(decoder.decode(bytes.subarray(at, stop)), replies);
        at = end + 1;
      }
      rest = copyBytes(bytes.subarray(at));
      return replies;
    },
  };
}

const enhancedPattern = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/;

function makeReply(code: number, texts: readonly string[]): Reply {
  const first = enhancedPattern.exec(texts[0] ?? '')?.[1] ?? null;
  // RFC 2034 §4: class and first digit agree; otherwise it is text that happens to look like one.
  const enhanced =
    first !== null && first.charCodeAt(0) === 48 + Math.floor(code / 100) ? first : null;
  if (enhanced === null) return { code, enhanced, lines: texts };
  const lines = texts.map((text) =>
    text === enhanced || text.startsWith(`${enhanced} `) ? text.slice(enhanced.length + 1) : text,
  );
  return { code, enhanced, lines };
}

/**
 * The extensions of an EHLO reply: keyword in upper case to its arguments. RFC 5321 §4.1.1.1.
 *
 * @example
 * const reply = { code: 250, enhanced: null, lines: ['mx.example', 'SIZE 100'] };
 * readEhlo(reply).get('SIZE'); // ['100']
 */
export function readEhlo(reply: Reply): ReadonlyMap<string, readonly string[]> {
  const keywords = new Map<string, readonly string[]>();
  for (const line of reply.lines.slice(1)) {
    // QUIRK: `AUTH=PLAIN LOGIN`, the spelling of a draft that some servers still add.
    const [keyword = '', ...values] = line
      .trim()
      .replace(/^AUTH=/i, 'AUTH ')
      .split(/\s+/);
    const key = keyword.toUpperCase();
    if (key === '') continue;
    const known = keywords.get(key);
    keywords.set(key, known === undefined ? values : [...new Set([...known, ...values])]);
  }
  return keywords;
}
