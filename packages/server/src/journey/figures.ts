/**
 * Durations, times and sizes in words, in both languages. Pure: the time zone comes as an argument.
 */

export type Language = 'en' | 'id';

const units = {
  en: { ms: 'ms', s: 's', min: 'min', h: 'h', d: 'd' },
  id: { ms: 'ms', s: 'dtk', min: 'mnt', h: 'jam', d: 'hari' },
} as const;

function decimal(value: number, digits: number, language: Language): string {
  const text = value.toFixed(digits);
  return language === 'id' ? text.replace('.', ',') : text;
}

/** `0.3 ms`, `12 ms`, `0.86 s`, `12.3 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(us: number, language: Language): string {
  const unit = units[language];
  const ms = us / 1000;
  if (ms < 0.05) return `0 ${unit.ms}`;
  if (ms < 0.95) return `${decimal(ms, 1, language)} ${unit.ms}`;
  if (ms < 99.5) return `${Math.round(ms)} ${unit.ms}`;
  if (ms < 9995) return `${decimal(ms / 1000, 2, language)} ${unit.s}`;
  if (ms < 59_950) return `${decimal(ms / 1000, 1, language)} ${unit.s}`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) {
    return pair([Math.floor(seconds / 60), unit.min], [seconds % 60, unit.s]);
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair([Math.floor(minutes / 60), unit.h], [minutes % 60, unit.min]);
  const hours = Math.round(minutes / 60);
  return pair([Math.floor(hours / 24), unit.d], [hours % 24, unit.h]);
}

type Part = readonly [number, string];

function pair([large, largeUnit]: Part, [small, smallUnit]: Part): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Decimal, as disks and providers count: `512 B`, `2.1 KB`, `5.0 MB`. */
export function bytesText(bytes: number, language: Language): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < 3) {
    value /= 1000;
    unit += 1;
  }
  const digits = value < 9.95 ? 1 : 0;
  return `${decimal(value, digits, language)} ${['KB', 'MB', 'GB', 'TB'][unit] ?? 'TB'}`;
}

interface Clock {
  readonly day: string;
  readonly time: string;
  readonly ms: string;
}

/** `offsetMinutes` east of Greenwich. */
function readClock(ms: number, offsetMinutes: number): Clock {
  const iso = new Date(ms + offsetMinutes * 60_000).toISOString();
  return { day: iso.slice(0, 10), time: iso.slice(11, 19), ms: iso.slice(20, 23) };
}

/** `19:05:29.310`; Indonesian writes points: `19.05.29.310`. */
export function clockText(us: number, offsetMinutes: number, language: Language): string {
  const { time, ms } = readClock(Math.floor(us / 1000), offsetMinutes);
  return `${language === 'id' ? time.replaceAll(':', '.') : time}.${ms}`;
}

/** A time to look at without counting: `19:05:29` today, else `2026-11-21 19:05`. */
export function whenText(
  atMs: number,
  view: { readonly nowMs: number; readonly offsetMinutes: number; readonly language: Language },
): string {
  const at = readClock(atMs, view.offsetMinutes);
  const time = (text: string) => (view.language === 'id' ? text.replaceAll(':', '.') : text);
  if (at.day === readClock(view.nowMs, view.offsetMinutes).day) return time(at.time);
  return `${at.day} ${time(at.time.slice(0, 5))}`;
}

/** East of Greenwich, at that time, where this program runs. */
export function localOffsetMinutes(ms: number): number {
  return -new Date(ms).getTimezoneOffset();
}
