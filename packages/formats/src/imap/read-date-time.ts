/** Days and times in commands. RFC 9051 §9 (date, date-time). */

import { type Cursor, wrong } from './cursor.ts';
import type { Day } from './search-key.ts';

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

const dayText = /"?[0-9]{1,2}-[A-Za-z]{3}-[0-9]{4}"?/y;
const dayForm = /^(?<quote>"?)(?<day>\d{1,2})-(?<month>[A-Za-z]{3})-(?<year>\d{4})\k<quote>$/;

/** `1-Feb-2026`, with or without quotes. */
export function readDay(cursor: Cursor): Day {
  const found = dayForm.exec(cursor.match(dayText))?.groups;
  if (found === undefined) throw wrong('A date like 1-Feb-2026 is missing');
  return dayOf(found as Record<'day' | 'month' | 'year', string>);
}

function dayOf(found: Readonly<Record<'day' | 'month' | 'year', string>>): Day {
  const day = Number(found.day);
  const month = months.indexOf(found.month.toUpperCase()) + 1;
  const year = Number(found.year);
  if (month === 0 || day === 0 || day > daysIn(month, year)) throw wrong('There is no such day');
  return { year, month, day };
}

function daysIn(month: number, year: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const timeText = /"[ 0-9][0-9]?-[A-Za-z]{3}-[0-9]{4} [0-9:]{8} [+-][0-9]{4}"/y;
const timeForm =
  /^" ?(?<day>\d{1,2})-(?<month>\w{3})-(?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) (?<zone>[+-]\d{4})"$/;

/** `"17-Jul-1996 02:44:25 -0700"`, in milliseconds since 1970. */
export function readDateTime(cursor: Cursor): number {
  const found = timeForm.exec(cursor.match(timeText))?.groups as
    | Record<'day' | 'month' | 'year' | 'time' | 'zone', string>
    | undefined;
  if (found === undefined) throw wrong('A date and time like " 1-Feb-2026 08:00:00 +0700"');
  const { year, month, day } = dayOf(found);
  const [hours = 0, minutes = 0, seconds = 0] = found.time.split(':').map(Number);
  // A leap second is the first of the next minute.
  if (hours > 23 || minutes > 59 || seconds > 60) throw wrong('There is no such time');
  const zoneHours = Number(found.zone.slice(1, 3));
  const zoneMinutes = Number(found.zone.slice(3));
  if (zoneHours > 23 || zoneMinutes > 59) throw wrong('There is no such time zone');
  const east = (zoneHours * 60 + zoneMinutes) * (found.zone.startsWith('-') ? -1 : 1);
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hours, minutes - east, seconds);
  return at.getTime();
}
