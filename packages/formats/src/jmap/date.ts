/** Dates as JMAP writes them. RFC 8620 §1.4: RFC 3339 with capital letters. */

const dateForm =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d*[1-9]))?(?:Z|([+-])(\d\d):(\d\d))$/u;

/** ms since 1970; null when it is no Date of RFC 8620 (a fraction that is nought is none). */
export function readJmapDate(text: string): number | null {
  const found = dateForm.exec(text);
  if (found === null) return null;
  const [, year, month, day, hour, minute, second, fraction, sign, hours, minutes] = found;
  const parts = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts;
  if (mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  if (date.getUTCMonth() !== mo - 1) return null;
  // A leap second is the last one of its minute here.
  date.setUTCHours(h, mi, Math.min(s, 59), Math.floor(Number(`0.${fraction ?? '0'}`) * 1000));
  const offset = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  if (Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59) return null;
  return date.getTime() - (sign === '-' ? -offset : offset) * 60_000;
}

/** As `readJmapDate`, but only in UTC. */
export function readUtcDate(text: string): number | null {
  return text.endsWith('Z') ? readJmapDate(text) : null;
}

/** @example writeUtcDate(0); // '1970-01-01T00:00:00Z' */
export function writeUtcDate(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text.replace(/0+Z$/u, 'Z');
}

/** With the offset that the writer had. */
export function writeJmapDate(ms: number, offsetMinutes: number): string {
  if (offsetMinutes === 0) return writeUtcDate(ms);
  const local = writeUtcDate(ms + offsetMinutes * 60_000).slice(0, -1);
  const two = (value: number) => String(value).padStart(2, '0');
  const offset = Math.abs(offsetMinutes);
  const sign = offsetMinutes < 0 ? '-' : '+';
  return `${local}${sign}${two(Math.floor(offset / 60))}:${two(offset % 60)}`;
}
