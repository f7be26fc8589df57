/** The sentence of every journey code, with its arguments put in. */

import type { JourneyEvent } from '@merpati/store/journey.ts';
import { bytesText, clockText, durationText, whenText, type Language } from './figures.ts';
import { clean } from './screen.ts';
import { checkWords } from './words-checks.ts';
import { engineWords } from './words-engine.ts';
import { pop3Words } from './words-pop3.ts';
import { receiveWords } from './words-receive.ts';
import { reportWords } from './words-reports.ts';
import { sendOnWords } from './words-send-on.ts';
import { signWords } from './words-sign.ts';
import type { Sentence, Words } from './words-type.ts';

export const journeyWords: Words = {
  ...receiveWords,
  ...checkWords,
  ...signWords,
  ...sendOnWords,
  ...pop3Words,
  ...engineWords,
  ...reportWords,
};

export function sentenceOf(code: string): Sentence | null {
  return Object.hasOwn(journeyWords, code) ? (journeyWords[code] ?? null) : null;
}

export interface Reader {
  readonly language: Language;
  /** East of Greenwich. */
  readonly offsetMinutes: number;
  readonly nowMs: number;
}

/**
 * What happened, for this reader. Arguments are facts of others as often as not: control characters
 * never pass. A code without a sentence (of a later release) shows itself and its arguments.
 */
export function eventText(event: Pick<JourneyEvent, 'code' | 'args'>, reader: Reader): string {
  const sentence = sentenceOf(event.code);
  const args = event.args ?? {};
  if (sentence === null) {
    const facts = Object.entries(args).map(
      ([name, value]) => `${name}=${show(name, value, reader)}`,
    );
    return [event.code, ...facts].join(' ');
  }
  return sentence[reader.language].replaceAll(
    /\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g,
    (_whole, name: string, one: string | undefined, many: string | undefined) => {
      if (one !== undefined) return (args[name] === 1 ? one : many) ?? '';
      return Object.hasOwn(args, name) ? show(name, args[name], reader) : '–';
    },
  );
}

type Arg = NonNullable<JourneyEvent['args']>[string] | undefined;

/** The name of an argument tells its unit, as everywhere in the house. */
function show(name: string, value: Arg, reader: Reader): string {
  const { language } = reader;
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'boolean') return yesNo(value, language);
  if (typeof value === 'object') return value.map(clean).join(', ') || '–';
  if (typeof value === 'string') return clean(value);
  if (name === 'size' || name === 'octets' || name.endsWith('Bytes')) {
    return bytesText(value, language);
  }
  if (name === 'due' || name === 'until' || /(due|until|expires|at)Ms$/i.test(name)) {
    return whenText(value, reader);
  }
  if (/(due|until|expires|at)Us$/i.test(name)) {
    return clockText(value, reader.offsetMinutes, language);
  }
  if (name.endsWith('Us')) return durationText(value, language);
  if (name.endsWith('Ms')) return durationText(value * 1000, language);
  if (name.endsWith('S')) return durationText(value * 1_000_000, language);
  return String(value);
}

function yesNo(value: boolean, language: Language): string {
  if (language === 'id') return value ? 'ya' : 'tidak';
  return value ? 'yes' : 'no';
}
