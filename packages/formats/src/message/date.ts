/**
 * Dates of header fields: as they should be, obsolete, and as broken programs write them.
 * RFC 5322 §3.3 and §4.3.
 */

import { SyntaxFault } from '../syntax-fault.ts';

export interface MessageDate {
  readonly ms: number;
  /** Minutes east of UTC. */
  readonly offsetMinutes: number;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const months = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
] as const;

/** A date field is one short line; what is longer is none. */
const dateLengthMax = 256;

const monthNumbers = new Map<string, number>([
  ...months.map((name, index) => [name.toLowerCase(), index] as const),
  // QUIRK: old German, French, Spanish, Italian and Indonesian programs wrote their own months.
  ...([
    ['mrz', 2],
    ['mär', 2],
    ['mar', 2],
    ['abr', 3],
    ['avr', 3],
    ['mei', 4],
    ['mai', 4],
    ['mag', 4],
    ['giu', 5],
    ['lug', 6],
    ['agu', 7],
    ['ago', 7],
    ['set', 8],
    ['okt', 9],
    ['ott', 9],
    ['dez', 11],
    ['dic', 11],
    ['des', 11],
    ['déc', 11],
  ] as const),
]);

/** RFC 5322 §4.3; the names beyond it are what real mail has. Minutes east of UTC. */
const zones = new Map<string, number>([
  ['ut', 0],
  ['utc', 0],
  ['gmt', 0],
  ['z', 0],
  ['wet', 0],
  ['edt', -240],
  ['est', -300],
  ['cdt', -300],
  ['cst', -360],
  ['mdt', -360],
  ['mst', -420],
  ['pdt', -420],
  ['pst', -480],
  ['bst', 60],
  ['cet', 60],
  ['met', 60],
  ['mez', 60],
  ['west', 60],
  ['cest', 120],
  ['mest', 120],
  ['mesz', 120],
  ['eet', 120],
  ['sast', 120],
  ['eest', 180],
  ['msk', 180],
  ['wib', 420],
  ['wita', 480],
  ['wit', 540],
  ['jst', 540],
  ['kst', 540],
  ['aest', 600],
  ['aedt', 660],
  ['nzst', 720],
  ['nzdt', 780],
]);

/**
 * Reads a Date field's value; null when no moment can be made of it. Never throws.
 *
 * @example
 * readDate('Fri, 21 Nov 1997 09:55:06 -0600'); // { ms: 880127706000, offsetMinutes: -360 }
 */
export function readDate(value: string): MessageDate | null {
  if (value.length > dateLengthMax) return null;
  return readUsual(value) ?? readOdd(value);
}

interface Moment {
  readonly year: number;
  /** 0 to 11. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

function makeDate(moment: Moment, offsetMinutes: number): MessageDate | null {
  const { year, month, day, hour, minute, second } = moment;
  if (year < 1900 || year > 9999 || hour > 24 || minute > 59 || second > 60) return null;
  if (hour === 24 && minute + second > 0) return null;
  if (day < 1 || day > new Date(Date.UTC(year, month + 1, 0)).getUTCDate()) return null;
  const local = Date.UTC(year, month, day, hour, minute, second);
  return { ms: local - offsetMinutes * 60_000, offsetMinutes };
}

const usual = new RegExp(
  String.raw`^(?:[A-Za-z]{3}, *)?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) ` +
    String.raw`(\d\d):(\d\d)(?::(\d\d))? ([+-])(\d\d)(\d\d)(?: \([A-Za-z0-9 +:-]*\))?$`,
  'u',
);

/** The form that nearly all mail has. */
function readUsual(value: string): MessageDate | null {
  const found = usual.exec(value);
  if (found === null) return null;
  const [, day, name, year, hour, minute, second, sign, zoneHour, zoneMinute] = found;
  const month = monthNumbers.get(name!.toLowerCase());
  const offset = readOffset(sign === '-' ? -1 : 1, Number(zoneHour), Number(zoneMinute));
  if (month === undefined || offset === null) return null;
  const moment = {
    year: Number(year),
    month,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second ?? 0),
  };
  return makeDate(moment, offset);
}

function readOffset(sign: number, hours: number, minutes: number): number | null {
  // RFC 5322 §3.3 allows up to 99 hours; no place on earth is beyond 14, broken clocks say more.
  if (hours > 24 || minutes > 59) return null;
  const offset = sign * (hours * 60 + minutes);
  return offset === 0 ? 0 : offset;
}

// ---------------------------------------------------------------- everything else

function stripComments(value: string): string {
  let depth = 0;
  let text = '';
  for (let at = 0; at < value.length; at += 1) {
    const sign = value.charAt(at);
    if (sign === '\\' && depth > 0) at += 1;
    else if (sign === '(') depth += 1;
    else if (sign === ')' && depth > 0) depth -= 1;
    else if (depth === 0) text += sign;
  }
  return text;
}

const iso = /^\s*(\d{4})-(\d\d?)-(\d\d?)(?:[T\s]+(.*))?$/iu;
const slashed = /^\s*(\d{1,2})\/(\d{1,2})\/(\d{4})\b,?\s*(.*)$/u;
const clock = new RegExp(
  String.raw`(?:^|[^\d])(\d{1,2})\s*[:.]\s*(\d{1,2})(?:\s*[:.]\s*(\d{1,2}))?` +
    String.raw`(?:[.,]\d+)?(?:\s*([ap])\.?m\.?\b)?`,
  'iu',
);

/** Finds the parts of a date wherever they stand. */
function readOdd(value: string): MessageDate | null {
  const text = stripComments(value).replaceAll('"', ' ').trim();
  const time = clock.exec(text);
  if (time === null) return null;
  const before = text.slice(0, time.index);
  const after = text.slice(time.index + time[0].length);
  const offset = readZone(after);
  const day = readDay(`${before} ${offset.rest}`);
  if (day === null) return null;
  let hour = Number(time[1]);
  const half = time[4]?.toLowerCase();
  if (half !== undefined && hour > 12) return null;
  if (half === 'p' && hour < 12) hour += 12;
  if (half === 'a' && hour === 12) hour = 0;
  const minute = Number(time[2]);
  const second = Number(time[3] ?? 0);
  return makeDate({ ...day, hour, minute, second }, offset.minutes);
}

/** The zone behind the time, and what is left of that text (asctime has the year there). */
function readZone(after: string): { minutes: number; rest: string } {
  const numeric = /(?:\b(?:gmt|utc?)\s*)?([+-])\s*(\d{1,2}):?(\d\d)?(?!\d)/iu.exec(after);
  if (numeric !== null) {
    const minutes = readOffset(
      numeric[1] === '-' ? -1 : 1,
      Number(numeric[2]),
      Number(numeric[3] ?? 0),
    );
    return { minutes: minutes ?? 0, rest: cut(after, numeric.index, numeric[0].length) };
  }
  for (const word of after.matchAll(/[a-z]+/giu)) {
    const minutes = zones.get(word[0].toLowerCase());
    if (minutes !== undefined) return { minutes, rest: cut(after, word.index, word[0].length) };
  }
  // RFC 5322 §4.3: military letters were defined wrongly, so they and unknown names mean "unknown".
  return { minutes: 0, rest: after };
}

function cut(text: string, at: number, length: number): string {
  return `${text.slice(0, at)} ${text.slice(at + length)}`;
}

function readDay(text: string): { year: number; month: number; day: number } | null {
  const dashed = iso.exec(text);
  if (dashed !== null) return numbered(dashed[1]!, dashed[2]!, dashed[3]!);
  const american = slashed.exec(text);
  if (american !== null) return numbered(american[3]!, american[1]!, american[2]!);
  let month: number | undefined;
  for (const word of text.matchAll(/\p{L}+/gu)) {
    const isWeekday = /^(?:mon|sun)/iu.test(word[0]);
    month ??= isWeekday ? undefined : monthNumbers.get(word[0].slice(0, 3).toLowerCase());
  }
  const numbers = [...text.matchAll(/\d+/gu)].map((found) => found[0]);
  if (month === undefined || numbers.length < 2) return null;
  const isYearFirst = numbers[0]!.length === 4;
  const day = Number(numbers[isYearFirst ? 1 : 0]);
  const year = fullYear(numbers[isYearFirst ? 0 : 1]!);
  return year === null ? null : { year, month, day };
}

function numbered(year: string, month: string, day: string): ReturnType<typeof readDay> {
  const index = Number(month) - 1;
  return index < 0 || index > 11 ? null : { year: Number(year), month: index, day: Number(day) };
}

/** RFC 5322 §4.3: two digits from 50 on and three digits count from 1900, the rest from 2000. */
function fullYear(digits: string): number | null {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  if (digits.length === 3) return 1900 + year;
  return digits.length === 4 ? year : null;
}

/**
 * Writes a moment as RFC 5322 §3.3 wants it. Throws `SyntaxFault` outside of the years 1900 to
 * 9999.
 *
 * @example
 * writeDate(880127706000, -360); // 'Fri, 21 Nov 1997 09:55:06 -0600'
 */
export function writeDate(ms: number, offsetMinutes = 0): string {
  const local = new Date(Math.floor(ms / 1000) * 1000 + offsetMinutes * 60_000);
  const year = local.getUTCFullYear();
  const isZone = Number.isInteger(offsetMinutes) && Math.abs(offsetMinutes) <= 24 * 60;
  if (!isZone || !(year >= 1900 && year <= 9999)) {
    throw new SyntaxFault('date.out-of-range', 'a message date lies between 1900 and 9999');
  }
  const two = (number: number): string => String(number).padStart(2, '0');
  const zone = Math.abs(offsetMinutes);
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two);
  const sign = offsetMinutes < 0 ? '-' : '+';
  return (
    `${days[local.getUTCDay()]}, ${local.getUTCDate()} ${months[local.getUTCMonth()]} ${year} ` +
    `${time.join(':')} ${sign}${two(Math.trunc(zone / 60))}${two(zone % 60)}`
  );
}
