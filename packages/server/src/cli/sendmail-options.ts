/**
 * The options of /usr/sbin/sendmail that programs use. Those that mean nothing here are taken and
 * ignored.
 */

import { usage } from './failure.ts';
import { say } from './language.ts';

export interface SendmailOptions {
  /** -t */
  readonly fromHeader: boolean;
  /** -i, -oi */
  readonly ignoreDots: boolean;
  /** -f, -r */
  readonly sender: string | null;
  /** -F */
  readonly name: string | null;
  /** -N */
  readonly notify: readonly ('never' | 'success' | 'failure' | 'delay')[];
  /** -V */
  readonly envid: string | null;
  readonly recipients: readonly string[];
}

/** With a value, in the same word (`-fme@contoh.id`) or the next (`-f me@contoh.id`). */
const valued = 'fFrNVROoBbCdhLpqXe';
/** Of these the value never stands in the next word. */
const joined = 'oObBdLpqe';

export function readSendmail(args: readonly string[]): SendmailOptions {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const recipients: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      recipients.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      recipients.push(arg);
      continue;
    }
    const letter = arg[1] ?? '';
    if (letter === 'o' && arg === '-oi') flags.add('i');
    if (!valued.includes(letter)) {
      for (const one of arg.slice(1)) flags.add(one);
      continue;
    }
    let value = arg.slice(2);
    if (value === '' && !joined.includes(letter)) value = args[(i += 1)] ?? '';
    values.set(letter, value);
  }
  refuseModes(values.get('b'));
  return {
    fromHeader: flags.has('t'),
    ignoreDots: flags.has('i'),
    sender: values.get('f') ?? values.get('r') ?? null,
    name: values.get('F') ?? null,
    notify: readNotify(values.get('N')),
    envid: values.get('V') ?? null,
    recipients: recipients.map(stripBrackets).filter((one) => one !== ''),
  };
}

/** `-bm` is what we do; the others are other programs. */
function refuseModes(mode: string | undefined): void {
  if (mode === undefined || mode === 'm') return;
  const what = say(`cannot do -b${mode}`, `tidak bisa -b${mode}`);
  const why = say('only messages on standard input are taken', 'hanya pesan dari masukan baku');
  throw usage(what, why, mode === 'p' ? 'merpati queue list' : undefined);
}

function readNotify(text: string | undefined): SendmailOptions['notify'] {
  const known = ['never', 'success', 'failure', 'delay'] as const;
  return (text ?? '').split(',').flatMap((word) => {
    const found = known.find((one) => one === word.trim().toLowerCase());
    return found === undefined ? [] : [found];
  });
}

const stripBrackets = (address: string): string => address.trim().replace(/^<(.*)>$/, '$1');
