/**
 * SMTP commands as a server reads them. RFC 5321 §4.1; parameters of SIZE (1870), 8BITMIME (6152),
 * BINARYMIME and BDAT (3030), DSN (3461), AUTH (4954), FUTURERELEASE (4865), SMTPUTF8 (6531) and
 * REQUIRETLS (8689). Whether an extension is on offer is for the session to say, not for the
 * grammar.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { readPath } from './path.ts';
import type { Path } from './path.ts';
import { decodeXtext, readOrcpt, xtextLimits } from './xtext.ts';

export type BodyType = '7bit' | '8bitmime' | 'binarymime';
export type NotifyWord = 'never' | 'success' | 'failure' | 'delay';

export interface MailParameters {
  /** Octets the client announces. */
  readonly size: number | null;
  readonly body: BodyType | null;
  readonly smtputf8: boolean;
  readonly ret: 'full' | 'hdrs' | null;
  /** xtext as received. */
  readonly envid: string | null;
  /** xtext as received; `<>` when the client does not say who. */
  readonly auth: string | null;
  readonly requireTls: boolean;
  readonly holdForS: number | null;
  readonly holdUntilMs: number | null;
  /** XCLICK, private: when the user pressed Send, µs since 1970. */
  readonly clickUs: number | null;
}

export interface RcptParameters {
  /** Empty: not given. */
  readonly notify: readonly NotifyWord[];
  /** xtext as received, checked. */
  readonly orcpt: string | null;
}

export type Command =
  | { readonly verb: 'EHLO' | 'HELO'; readonly domain: string }
  | { readonly verb: 'MAIL'; readonly from: Path | null; readonly parameters: MailParameters }
  | { readonly verb: 'RCPT'; readonly to: Path; readonly parameters: RcptParameters }
  | { readonly verb: 'DATA' | 'RSET' | 'QUIT' | 'STARTTLS' }
  | { readonly verb: 'BDAT'; readonly size: number; readonly isLast: boolean }
  | { readonly verb: 'NOOP' | 'HELP' | 'VRFY' | 'EXPN'; readonly argument: string }
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initial: string | null };

export type Verb = Command['verb'];

export const commandLimits = {
  /**
   * RFC 5321 §4.5.3.1.4 says 512 plus what extensions add: ENVID, AUTH, ORCPT (500 each) and UTF-8.
   */
  lineOctetsMax: 4096,
  /** RFC 4954 §4: AUTH responses of up to 12,288 octets. */
  authLineOctetsMax: 12_288,
  /** Parameters of one MAIL or RCPT. */
  parametersMax: 20,
  /** RFC 4865 §4: 999999999 seconds at most. */
  holdForMaxS: 999_999_999,
} as const;

/**
 * Reads one command line (without CRLF). Throws SyntaxFault:
 * `smtp.verb` unknown verb · `smtp.argument` wrong argument · `smtp.path` malformed address ·
 * `smtp.bdat` no telling how many octets follow ·
 * `smtp.parameter` wrong value · `smtp.parameter.unknown` · `smtp.control` control characters.
 *
 * @example readCommand('mail from:<a@b.example> SIZE=10').verb // 'MAIL'
 */
export function readCommand(line: string): Command {
  if (hasControl(line)) throw new SyntaxFault('smtp.control', 'control characters in a command');
  const space = line.indexOf(' ');
  const word = (space < 0 ? line : line.slice(0, space)).toUpperCase();
  const argument = space < 0 ? '' : line.slice(space + 1);
  switch (word) {
    case 'MAIL':
      return readMail(argument);
    case 'RCPT':
      return readRcpt(argument);
    case 'EHLO':
    case 'HELO':
      return { verb: word, domain: readHelloName(argument) };
    case 'DATA':
    case 'RSET':
    case 'QUIT':
    case 'STARTTLS':
      if (argument.trim() !== '') throw wrong(`${word} takes no argument`);
      return { verb: word };
    case 'BDAT':
      return readBdat(argument);
    case 'NOOP':
    case 'HELP':
      return { verb: word, argument: argument.trim() };
    case 'VRFY':
    case 'EXPN':
      if (argument.trim() === '') throw wrong(`${word} takes a name or an address`);
      return { verb: word, argument: argument.trim() };
    case 'AUTH':
      return readAuth(argument);
    default:
      throw new SyntaxFault('smtp.verb', 'command not recognised');
  }
}

function readHelloName(argument: string): string {
  const name = argument.trim();
  // RFC 5321 §4.1.4: the name is not verified; it only has to be fit for our trace header.
  if (name === '' || name.length > 255 || !/^[^\s()<>@,;\\"]+$/.test(name)) {
    throw wrong('the name of the client is missing or malformed');
  }
  return name;
}

function readBdat(argument: string): Command {
  const match = /^([0-9]+)(?: +(LAST))? *$/i.exec(argument);
  if (match === null) {
    throw new SyntaxFault(
      'smtp.bdat',
      'BDAT takes a number of octets, and LAST after the last one',
    );
  }
  // A size beyond 2^53 reads as an inexact number or Infinity: far beyond every limit anyway.
  return { verb: 'BDAT', size: Number(match[1]), isLast: match[2] !== undefined };
}

function readAuth(argument: string): Command {
  const match = /^([A-Za-z0-9_-]{1,20})(?: +([A-Za-z0-9+/]*={0,2}))? *$/.exec(argument);
  if (match === null) throw wrong('AUTH takes a mechanism and perhaps a first answer in base64');
  return {
    verb: 'AUTH',
    mechanism: (match[1] ?? '').toUpperCase(),
    initial: match[2] === undefined || match[2] === '' ? null : match[2],
  };
}

const noMailParameters: MailParameters = {
  size: null,
  body: null,
  smtputf8: false,
  ret: null,
  envid: null,
  auth: null,
  requireTls: false,
  holdForS: null,
  holdUntilMs: null,
  clickUs: null,
};

function readMail(argument: string): Command {
  if (argument.slice(0, 5).toUpperCase() !== 'FROM:') throw wrong('MAIL takes FROM:<address>');
  const { path, rest } = readPath(argument.slice(5));
  if (path !== null && path.domain === '') throw wrongPath('the sender has no domain');
  if (rest === '') return { verb: 'MAIL', from: path, parameters: noMailParameters };
  let parameters: MailParameters = noMailParameters;
  for (const [keyword, value] of splitParameters(rest)) {
    parameters = { ...parameters, ...readMailParameter(keyword, value) };
  }
  if (parameters.holdForS !== null && parameters.holdUntilMs !== null) {
    throw parameterFault('HOLDFOR and HOLDUNTIL exclude each other');
  }
  return { verb: 'MAIL', from: path, parameters };
}

function readMailParameter(keyword: string, value: string | null): Partial<MailParameters> {
  switch (keyword) {
    case 'SIZE':
      return { size: readNumber(keyword, value, 20) };
    case 'BODY':
      return { body: oneOf(keyword, value, ['7bit', '8bitmime', 'binarymime']) };
    case 'SMTPUTF8':
      return { smtputf8: noValue(keyword, value) };
    case 'REQUIRETLS':
      return { requireTls: noValue(keyword, value) };
    case 'RET':
      return { ret: oneOf(keyword, value, ['full', 'hdrs']) };
    case 'ENVID':
      return { envid: readXtextValue(keyword, value, xtextLimits.envidMax) };
    case 'AUTH':
      return { auth: value === '<>' ? value : readXtextValue(keyword, value, 500) };
    case 'HOLDFOR':
      return { holdForS: readNumber(keyword, value, 9) };
    case 'HOLDUNTIL':
      return { holdUntilMs: readDateTime(keyword, value) };
    case 'XCLICK':
      return { clickUs: readNumber(keyword, value, 16) };
    default:
      throw unknownParameter(keyword);
  }
}

function readRcpt(argument: string): Command {
  if (argument.slice(0, 3).toUpperCase() !== 'TO:') throw wrong('RCPT takes TO:<address>');
  const { path, rest } = readPath(argument.slice(3));
  if (path === null) throw wrongPath('the null address cannot receive');
  let notify: readonly NotifyWord[] = [];
  let orcpt: string | null = null;
  if (rest !== '') {
    for (const [keyword, value] of splitParameters(rest)) {
      if (keyword === 'NOTIFY') notify = readNotify(value);
      else if (keyword === 'ORCPT') orcpt = checkOrcpt(value);
      else throw unknownParameter(keyword);
    }
  }
  return { verb: 'RCPT', to: path, parameters: { notify, orcpt } };
}

/** RFC 3461 §4.1: NEVER alone, or a list of the others. */
function readNotify(value: string | null): readonly NotifyWord[] {
  const words = (value ?? '').toLowerCase().split(',');
  if (words.length === 1 && words[0] === 'never') return ['never'];
  const given = new Set<NotifyWord>();
  for (const word of words) {
    if (word !== 'success' && word !== 'failure' && word !== 'delay') {
      throw parameterFault('NOTIFY is NEVER, or a list of SUCCESS, FAILURE, DELAY');
    }
    given.add(word);
  }
  return [...given];
}

function checkOrcpt(value: string | null): string {
  if (value === null || readOrcpt(value) === null) throw parameterFault('ORCPT is malformed');
  return value;
}

/** The esmtp-params of RFC 5321 §4.1.2; a keyword twice is an error. */
function splitParameters(rest: string): [keyword: string, value: string | null][] {
  const parameters: [string, string | null][] = [];
  const seen = new Set<string>();
  for (const word of rest.split(' ')) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const keyword = (equals < 0 ? word : word.slice(0, equals)).toUpperCase();
    if (!/^[A-Z0-9][A-Z0-9-]*$/.test(keyword)) throw parameterFault('malformed parameter');
    if (seen.has(keyword)) throw parameterFault(`${keyword} is given twice`);
    if (seen.size >= commandLimits.parametersMax) throw parameterFault('too many parameters');
    seen.add(keyword);
    parameters.push([keyword, equals < 0 ? null : word.slice(equals + 1)]);
  }
  return parameters;
}

function readNumber(keyword: string, value: string | null, digitsMax: number): number {
  if (value === null || value.length > digitsMax || !/^[0-9]+$/.test(value)) {
    throw parameterFault(`${keyword} takes a number`);
  }
  return Number(value);
}

function readXtextValue(keyword: string, value: string | null, max: number): string {
  if (value === null || value === '' || value.length > max || decodeXtext(value) === null) {
    throw parameterFault(`${keyword} takes up to ${max} characters of xtext`);
  }
  return value;
}

function noValue(keyword: string, value: string | null): true {
  if (value !== null) throw parameterFault(`${keyword} takes no value`);
  return true;
}

function oneOf<const T extends string>(
  keyword: string,
  value: string | null,
  all: readonly T[],
): T {
  const lower = (value ?? '').toLowerCase();
  const found = all.find((one) => one === lower);
  if (found === undefined) throw parameterFault(`${keyword} is one of ${all.join(', ')}`);
  return found;
}

/** `date-time` of RFC 3339 §5.6, as erratum 2040 of RFC 4865 has it. */
function readDateTime(keyword: string, value: string | null): number {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;
  const ms = value !== null && form.test(value) ? Date.parse(value.toUpperCase()) : Number.NaN;
  if (Number.isNaN(ms)) throw parameterFault(`${keyword} takes a time like 2026-01-31T08:00:00Z`);
  return ms;
}

function hasControl(line: string): boolean {
  for (let i = 0; i < line.length; i += 1) {
    const code = line.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

function wrong(message: string): SyntaxFault {
  return new SyntaxFault('smtp.argument', message);
}

function wrongPath(message: string): SyntaxFault {
  return new SyntaxFault('smtp.path', message);
}

function parameterFault(message: string): SyntaxFault {
  return new SyntaxFault('smtp.parameter', message);
}

function unknownParameter(keyword: string): SyntaxFault {
  return new SyntaxFault('smtp.parameter.unknown', `${keyword} is not a parameter we know`);
}
