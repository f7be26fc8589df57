/**
 * POP3 commands, read and written. RFC 1939 §3–§7; RFC 2449 §3–§5 (grammar, CAPA); RFC 2595 §4
 * (STLS); RFC 5034 §4 (AUTH); RFC 6856 §2–§3 (UTF8, LANG). A line comes without its CRLF.
 */

import { concat, decodeBase64, encodeBase64, readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { commandOctetsMax, digitsMax } from './limits.ts';

/** Commands without an argument. */
export type BareName = 'CAPA' | 'STAT' | 'NOOP' | 'RSET' | 'QUIT' | 'STLS' | 'UTF8';

/**
 * What a client asked for. Numbers are as sent: whether such a message exists is the server's to
 * say.
 */
export type Pop3Command =
  | { readonly name: BareName }
  | { readonly name: 'USER'; readonly user: string }
  | { readonly name: 'PASS'; readonly password: string }
  /** Without a mechanism it asks which there are: not in RFC 5034, but widely asked. */
  | {
      readonly name: 'AUTH';
      /** Upper case. */
      readonly mechanism: string | null;
      /** The initial response, decoded; empty for `=`; null when none was sent. */
      readonly initial: Uint8Array | null;
    }
  | { readonly name: 'LIST' | 'UIDL'; readonly message: number | null }
  | { readonly name: 'RETR' | 'DELE'; readonly message: number }
  | { readonly name: 'TOP'; readonly message: number; readonly lines: number }
  /**
   * A basic language range (RFC 4647 §2.1) as sent; `*`: the server's preference; null: which are
   * there?
   */
  | { readonly name: 'LANG'; readonly range: string | null };

export type CommandName = Pop3Command['name'];

const bareNames: ReadonlySet<string> = new Set<BareName>([
  'CAPA',
  'STAT',
  'NOOP',
  'RSET',
  'QUIT',
  'STLS',
  'UTF8',
]);

/**
 * Reads one command line. Keywords in any case, spare spaces forgiven everywhere but in a
 * password. Throws `SyntaxFault` with code `pop3.` and `unknown-command`, `bad-arguments`,
 * `bad-octets`, `bad-base64` or `line-too-long`.
 *
 * @example
 * readPop3Command(utf8('top 7 10')) // { name: 'TOP', message: 7, lines: 10 }
 */
export function readPop3Command(line: Uint8Array): Pop3Command {
  if (line.length > commandOctetsMax) throw new SyntaxFault('pop3.line-too-long', 'Line too long');
  // Formal UTF-8 or nothing (RFC 6856 §2.2); controls have no meaning anywhere.
  const text = readUtf8(line);
  if (text === null) throw new SyntaxFault('pop3.bad-octets', 'Not UTF-8');
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) {
    throw new SyntaxFault('pop3.bad-octets', 'Control characters are not allowed');
  }
  const space = text.indexOf(' ');
  const name = (space < 0 ? text : text.slice(0, space)).toUpperCase();
  const rest = space < 0 ? null : text.slice(space + 1);
  if (name === 'PASS') return { name, password: present(rest) };
  if (name === 'USER') return { name, user: present(rest?.trim() ?? null) };
  const words = (rest ?? '').split(/[ \t]+/).filter((word) => word !== '');
  if (bareNames.has(name)) {
    expectCount(words, 0, 0);
    return { name: name as BareName };
  }
  return readWithArguments(name, words);
}

function readWithArguments(name: string, words: readonly string[]): Pop3Command {
  switch (name) {
    case 'LIST':
    case 'UIDL':
      expectCount(words, 0, 1);
      return { name, message: words[0] === undefined ? null : readNumber(words[0]) };
    case 'RETR':
    case 'DELE':
      expectCount(words, 1, 1);
      return { name, message: readNumber(words[0]) };
    case 'TOP':
      expectCount(words, 2, 2);
      return { name, message: readNumber(words[0]), lines: readNumber(words[1]) };
    case 'LANG':
      expectCount(words, 0, 1);
      return { name, range: words[0] === undefined ? null : readRange(words[0]) };
    case 'AUTH':
      expectCount(words, 0, 2);
      return readAuth(words);
    default:
      throw new SyntaxFault('pop3.unknown-command', 'Unknown command');
  }
}

/** RFC 5034 §4; mechanism names are RFC 4422 §3.1's. */
function readAuth(words: readonly string[]): Pop3Command {
  const mechanism = words[0]?.toUpperCase() ?? null;
  if (mechanism !== null && !/^[A-Z0-9_-]{1,20}$/.test(mechanism)) {
    throw new SyntaxFault('pop3.bad-arguments', 'Not the name of a mechanism');
  }
  return {
    name: 'AUTH',
    mechanism,
    initial: words[1] === undefined ? null : readSaslOctets(words[1]),
  };
}

/**
 * The base64 text of a SASL exchange; `=` alone stands for no octets. Throws `SyntaxFault` with
 * code `pop3.bad-base64`. RFC 5034 §4.
 */
export function readSaslOctets(text: string): Uint8Array {
  if (text === '=' || text === '') return new Uint8Array(0);
  const octets = decodeBase64(text);
  if (octets === null) throw new SyntaxFault('pop3.bad-base64', 'Not base64');
  return octets;
}

function readNumber(word: string | undefined): number {
  if (word === undefined || !/^[0-9]+$/.test(word) || word.length > digitsMax) {
    throw new SyntaxFault('pop3.bad-arguments', 'A number is expected');
  }
  return Number(word);
}

function readRange(word: string): string {
  if (word !== '*' && !/^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}$/.test(word)) {
    throw new SyntaxFault('pop3.bad-arguments', 'Not a language');
  }
  return word;
}

function present(text: string | null): string {
  if (text === null || text === '') throw new SyntaxFault('pop3.bad-arguments', 'Argument missing');
  return text;
}

function expectCount(words: readonly string[], min: number, max: number): void {
  if (words.length < min) throw new SyntaxFault('pop3.bad-arguments', 'Argument missing');
  if (words.length > max) throw new SyntaxFault('pop3.bad-arguments', 'Too many arguments');
}

/**
 * Writes a command with its CRLF. Throws `SyntaxFault` for a value that has no form on the wire (a
 * line break in a password, a user name with a space at its edge).
 */
export function writePop3Command(command: Pop3Command): Uint8Array {
  const text = writeText(command);
  if (/[\r\n\0]/.test(text)) throw new SyntaxFault('pop3.bad-octets', 'Line break in an argument');
  const line = utf8(text);
  // What we write must read back as what was meant: the grammar has one definition, above.
  readPop3Command(line);
  return concat([line, utf8('\r\n')]);
}

function writeText(command: Pop3Command): string {
  switch (command.name) {
    case 'USER':
      if (command.user.trim() !== command.user) {
        throw new SyntaxFault('pop3.bad-arguments', 'A user name cannot begin or end with a space');
      }
      return `USER ${command.user}`;
    case 'PASS':
      return `PASS ${command.password}`;
    case 'AUTH':
      return ['AUTH', command.mechanism, writeInitial(command.initial)]
        .filter((word) => word !== null)
        .join(' ');
    case 'LIST':
    case 'UIDL':
      return command.message === null ? command.name : `${command.name} ${command.message}`;
    case 'RETR':
    case 'DELE':
      return `${command.name} ${command.message}`;
    case 'TOP':
      return `TOP ${command.message} ${command.lines}`;
    case 'LANG':
      return command.range === null ? 'LANG' : `LANG ${command.range}`;
    case 'CAPA':
    case 'STAT':
    case 'NOOP':
    case 'RSET':
    case 'QUIT':
    case 'STLS':
    case 'UTF8':
      return command.name;
  }
  return command satisfies never;
}

function writeInitial(initial: Uint8Array | null): string | null {
  if (initial === null) return null;
  return initial.length === 0 ? '=' : encodeBase64(initial);
}
