/** Figures as the command line shows them: language, zone and now are those of whoever looks. */

import { bytesText, durationText, localOffsetMinutes, whenText } from '../journey/figures.ts';
import { language } from './language.ts';

export const bytes = (count: number): string => bytesText(count, language());

export const duration = (ms: number): string => durationText(ms * 1000, language());

export function when(atMs: number): string {
  const offsetMinutes = localOffsetMinutes(atMs);
  return whenText(atMs, { nowMs: Date.now(), offsetMinutes, language: language() });
}

/** `10m`, `2h`, `3d`, `45` (seconds); null when it is none. */
export function readSeconds(text: string): number | null {
  const match = /^(\d{1,9})(s|m|h|d)?$/.exec(text);
  if (match === null) return null;
  const factor = { s: 1, m: 60, h: 3600, d: 86_400 }[match[2] ?? 's'] ?? 1;
  return Number(match[1]) * factor;
}

/** `500M`, `2G`, `1048576`; null when it is none. Decimal, as it is shown. */
export function readBytes(text: string): number | null {
  const match = /^(\d{1,15})\s*([kmgt])?b?$/i.exec(text.trim());
  if (match === null) return null;
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase());
  return Number(match[1]) * 1000 ** power;
}
