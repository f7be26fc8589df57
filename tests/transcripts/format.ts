/** Reads transcripts. The format is described in README.md, beside. */

import { readMessage } from './world.ts';

export const services = [
  'smtp',
  'submission',
  'submissions',
  'pop3',
  'pop3s',
  'imap',
  'imaps',
] as const;
export type Service = (typeof services)[number];
export const peers = ['merpati', 'postfix', 'dovecot'] as const;
export type PeerName = (typeof peers)[number];

export type Step = { readonly line: number; readonly connection: string } & (
  | { readonly kind: 'send'; readonly bytes: Template }
  | { readonly kind: 'expect'; readonly pattern: string }
  | { readonly kind: 'expect-block'; readonly patterns: readonly BlockPattern[] }
  | { readonly kind: 'has' | 'lacks'; readonly text: string }
  | { readonly kind: Action }
  | { readonly kind: 'wait'; readonly ms: number }
);

type Action = 'start-tls' | 'start-deflate' | 'client-closes' | 'server-closes' | 'silent';

/** One line of a block, and what that line must also have. */
export interface BlockPattern {
  readonly pattern: string;
  readonly has: readonly string[];
}

/** Text with `{…}` in it, filled in when it is sent. */
export interface Template {
  readonly text: string;
  readonly isRaw: boolean;
}

export interface Transcript {
  readonly path: string;
  readonly title: string;
  readonly service: Service;
  readonly peers: readonly PeerName[];
  readonly mailbox: readonly string[];
  /** The lines as they concern this peer. */
  steps(peer: PeerName): readonly Step[];
}

interface PeerStep {
  readonly step: Step;
  /** Empty: all. */
  readonly only: readonly string[];
}

export function readTranscript(path: string, text: string): Transcript {
  const lines = text.split('\n');
  const fail = (index: number, why: string): never => {
    throw new Error(`${path}:${index + 1}: ${why}`);
  };
  const end = lines.indexOf('');
  if (end < 0) fail(0, 'an empty line ends the head');
  const head = new Map<string, string[]>();
  for (const [index, line] of lines.slice(0, end).entries()) {
    if (line.startsWith('#')) continue;
    const [, key = '', value = ''] = /^(\w+): (.*)$/.exec(line) ?? fail(index, 'not understood');
    head.set(key, value.split(/[ ,]+/));
  }
  const service = services.find((name) => name === head.get('service')?.[0]);
  const named = head.get('peers') ?? [];
  const known = peers.filter((name) => named.includes(name));
  if (service === undefined) return fail(0, 'service: is missing or unknown');
  if (known.length !== named.length || !named.includes('merpati')) fail(0, 'peers: unknown');
  if (!/^#.*\bRFC \d+/m.test(text)) fail(0, 'name the RFC');
  const steps = readSteps(lines, end, fail);
  return {
    path,
    title: (lines[0] ?? '').replace(/^# /, ''),
    service,
    peers: known,
    mailbox: head.get('mailbox') ?? [],
    steps: (peer) =>
      steps.filter(({ only }) => only.length === 0 || only.includes(peer)).map(({ step }) => step),
  };
}

function readSteps(
  lines: readonly string[],
  start: number,
  fail: (index: number, why: string) => never,
): PeerStep[] {
  const steps: PeerStep[] = [];
  for (let index = start; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.trim() === '' || line.startsWith('#')) continue;
    const read = readLine(line, index) ?? fail(index, 'not understood');
    if (read.step.kind === 'expect' && read.step.pattern === '{') {
      const close = lines.indexOf('}', index);
      if (close < 0) fail(index, 'the block has no end');
      const patterns = readBlock(lines.slice(index + 1, close));
      const { connection } = read.step;
      const step: Step = { kind: 'expect-block', patterns, line: index + 1, connection };
      steps.push({ ...read, step });
      index = close;
    } else steps.push(read);
  }
  if (steps.length === 0) fail(start, 'nothing is said');
  return steps;
}

/** `| …` goes on with the pattern before it, on the next line; `& …` is what it also has. */
function readBlock(lines: readonly string[]): BlockPattern[] {
  const patterns: BlockPattern[] = [];
  for (const line of lines.map((one) => one.trim())) {
    const last = patterns.at(-1);
    const more = /^([|&])(?: (.*))?$/.exec(line);
    if (more === null || last === undefined) patterns.push({ pattern: line, has: [] });
    else {
      const { pattern, has } = last;
      const text = more[2] ?? '';
      patterns[patterns.length - 1] =
        more[1] === '|'
          ? { pattern: `${pattern}\r\n${text}`, has }
          : { pattern, has: [...has, text] };
    }
  }
  return patterns;
}

function readLine(line: string, index: number): PeerStep | null {
  const match = /^([CS])(\d*)(?: \(([\w ,]+)\))?(?:( raw)?: ?(.*)| (.+))$/.exec(line);
  if (match === null) return null;
  const [, side, connection = '', only, raw, text, action] = match;
  const place = { line: index + 1, connection };
  const peersOnly = only === undefined ? [] : only.split(/[ ,]+/);
  const step = (detail: StepDetail): PeerStep => ({
    step: { ...place, ...detail },
    only: peersOnly,
  });
  if (text !== undefined) {
    if (side === 'S') return raw ? null : step({ kind: 'expect', pattern: text });
    return step({ kind: 'send', bytes: { text, isRaw: raw !== undefined } });
  }
  const also = /^(has|lacks): (.+)$/.exec(action ?? '');
  if (side === 'S' && also) {
    return step({ kind: also[1] === 'has' ? 'has' : 'lacks', text: also[2] ?? '' });
  }
  const wait = /^waits (\d+) ms$/.exec(action ?? '');
  if (side === 'C' && wait) return step({ kind: 'wait', ms: Number(wait[1]) });
  const kind = actions[`${side} ${action}`];
  return kind === undefined ? null : step({ kind });
}

type StepDetail = Step extends infer S
  ? S extends Step
    ? Omit<S, 'line' | 'connection'>
    : never
  : never;

const actions: Readonly<Record<string, Action>> = {
  'C starts TLS': 'start-tls',
  'C starts DEFLATE': 'start-deflate',
  'C closes': 'client-closes',
  'S closes': 'server-closes',
  'S is silent': 'silent',
};

/** What was captured so far, by name. */
export type Captures = Map<string, string>;

const escapes: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0' };

function unescape(text: string): Uint8Array {
  const parts = text.split(/(\\x[0-9a-fA-F]{2}|\\.)/);
  const bytes = parts.map((part) => {
    if (!part.startsWith('\\')) return Buffer.from(part, 'utf8');
    if (/^\\x../.test(part)) return Buffer.from(part.slice(2), 'hex');
    return Buffer.from(escapes[part.slice(1)] ?? part.slice(1), 'latin1');
  });
  return Buffer.concat(bytes);
}

/** IMAP's `{12}` and `{12+}` stand for themselves. */
const isLiteralSize = /^\d+[+-]?$/;

/** The octets of a `C:` line: braces filled in, CRLF added unless it is raw. */
export function fillTemplate(template: Template, captures: Captures): Uint8Array {
  const parts = template.text.split(/(\{\{|\}\}|\{[^{}]*\})/);
  const bytes = parts.map((part) => {
    if (part === '{{' || part === '}}') return Buffer.from(part.slice(1));
    const [, inside] = /^\{(.*)\}$/s.exec(part) ?? [];
    if (inside === undefined) return template.isRaw ? unescape(part) : Buffer.from(part, 'utf8');
    return fillBrace(inside, captures);
  });
  if (!template.isRaw) bytes.push(Buffer.from('\r\n'));
  return Buffer.concat(bytes);
}

function fillBrace(inside: string, captures: Captures): Uint8Array {
  if (isLiteralSize.test(inside)) return Buffer.from(`{${inside}}`);
  const file = fillFile(inside);
  if (file) return file;
  const base64 = /^base64 (.*)$/s.exec(inside);
  if (base64) return Buffer.from(Buffer.from(unescape(base64[1] ?? '')).toString('base64'));
  const repeat = /^repeat (\d+) (.*)$/s.exec(inside);
  if (repeat) {
    return Buffer.from(
      Buffer.from(unescape(repeat[2] ?? ''))
        .toString()
        .repeat(Number(repeat[1])),
    );
  }
  const value = captures.get(inside);
  if (value === undefined) throw new Error(`{${inside}} was not captured before`);
  return Buffer.from(value);
}

/** `message plain.eml`: its octets; `literal+ plain.eml`: their number, as a literal begins. */
function fillFile(inside: string): Uint8Array | null {
  const [, what = '', name = ''] = /^(message|literal[+-]?) (\S+\.eml)$/.exec(inside) ?? [];
  if (name === '') return null;
  const message = readMessage(name);
  if (what === 'message') return message;
  return Buffer.from(`{${message.length}${what.slice('literal'.length)}}`);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Does the line fit? New names are captured when it does. */
export function matchLine(pattern: string, line: string, captures: Captures): boolean {
  return matchText(line, { pattern, captures, before: '^', after: '$' });
}

/** Does the line have this text in it, between spaces, brackets or its ends? */
export function lineHas(text: string, line: string, captures: Captures): boolean {
  const before = '(?:^|[ (\\[])';
  return matchText(line, { pattern: text, captures, before, after: '(?:$|[ )\\]\r])' });
}

function matchText(
  line: string,
  how: {
    readonly pattern: string;
    readonly captures: Captures;
    readonly before: string;
    readonly after: string;
  },
): boolean {
  const { pattern, captures } = how;
  const names: string[] = [];
  const source = pattern
    .split(/(\{\{|\}\}|\{[a-z][^{}]*\}|…)/)
    .map((part) => {
      if (part === '…') return '[^]*?';
      if (part === '{{' || part === '}}') return `\\${part.slice(1)}`;
      const [, name] = /^\{([a-z].*)\}$/.exec(part) ?? [];
      if (name === undefined) return escapePattern(part);
      const file = fillFile(name);
      if (file) return escapePattern(Buffer.from(file).toString());
      const known = captures.get(name);
      if (known !== undefined) return escapePattern(known);
      if (names.includes(name)) return `\\${names.indexOf(name) + 1}`;
      names.push(name);
      return '([^ ]+?)';
    })
    .join('');
  const match = new RegExp(how.before + source + how.after, 'u').exec(line);
  if (match === null) return false;
  for (const [index, name] of names.entries()) captures.set(name, match[index + 1] ?? '');
  return true;
}
