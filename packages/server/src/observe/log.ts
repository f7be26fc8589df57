/**
 * The log: one JSON object a line by pino, with `event` naming what happened. On a terminal the
 * same lines in a form for eyes. Passwords and AUTH payloads are never given to it, and fields that
 * sound like secrets are taken out should it ever happen.
 */

import { Writable } from 'node:stream';
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Standard error by default. */
  readonly to?: { readonly file: string } | { readonly fd: number } | DestinationStream;
  /** Said in each line, where several servers share one log. */
  readonly server?: string;
  readonly readable?: boolean;
}

const secretNames: ReadonlySet<string> = new Set([
  'password',
  'secret',
  'authorization',
  'token',
  'credential',
]);
const censor = '…';

/**
 * Lines wait for company up to this size or time, whichever comes first: a write costs more than a
 * line.
 */
const bufferBytes = 8192;
const flushEveryMs = 100;

export function createLog(options: LogOptions): Logger {
  return pino(
    {
      level: options.level,
      base: options.server === undefined ? null : { server: options.server },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
    },
    openDestination(options),
  );
}

function openDestination({ to, readable }: LogOptions): DestinationStream {
  if (to !== undefined && 'write' in to) return to;
  if (to !== undefined && 'file' in to)
    return destination({ dest: to.file, sync: true, mkdir: true });
  const fd = to?.fd ?? 2;
  if (readable === true) return readableStream(fd);
  return destination({
    fd,
    sync: false,
    minLength: bufferBytes,
    periodicFlush: flushEveryMs,
  });
}

type Fields = Record<string, unknown>;

/**
 * Pino's own redaction walks every path in every line; here a line without secrets costs a look at
 * its keys.
 */
function withoutSecrets(fields: Fields): Fields {
  for (const name in fields) {
    const value = fields[name];
    if (secretNames.has(name) || holdsSecret(value)) return censored(fields);
  }
  return fields;
}

function holdsSecret(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  for (const name in value) if (secretNames.has(name)) return true;
  return false;
}

function censored(fields: Fields): Fields {
  const safe = Object.entries(fields).map(([name, value]) => {
    if (secretNames.has(name)) return [name, censor];
    return [name, holdsSecret(value) ? censored(value) : value];
  });
  return Object.fromEntries(safe) as Fields;
}

/** Whole lines, as another thread's log has made them. */
export function passLines(log: Logger, lines: string): void {
  const { [pino.symbols.streamSym]: stream } = log as unknown as Record<symbol, DestinationStream>;
  stream?.write(lines);
}

/** No log at all: for commands that open a store for one question. */
export const silentLog = (): Logger => pino({ level: 'silent' });

const levelMarks: Readonly<Record<string, string>> = {
  warn: '\u001b[33mwarn\u001b[39m ',
  error: '\u001b[31merror\u001b[39m',
};

function readableStream(fd: number): DestinationStream {
  const out = destination({ fd, sync: true });
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      for (const line of String(chunk).split('\n')) if (line !== '') out.write(readableLine(line));
      done();
    },
  });
}

/** `19:05:29.310 info  login.ok  protocol=pop3 user=rina@contoh.id` */
export function readableLine(line: string): string {
  const { time, level, event, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const at = typeof time === 'string' ? time.slice(11, 23) : '';
  const facts = Object.entries(rest).map(([key, value]) => `${key}=${bare(value)}`);
  const stack = (err as { stack?: string } | undefined)?.stack;
  const parts = [
    at,
    levelMarks[String(level)] ?? String(level).padEnd(5),
    typeof event === 'string' ? event : '',
    typeof msg === 'string' ? msg : '',
    ...facts,
  ];
  const tail = stack === undefined ? '' : `\n${stack}`;
  return `${parts.filter((part) => part !== '').join(' ')}${tail}\n`;
}

function bare(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return /^[\w.@:+/<>[\]-]+$/.test(text) ? text : JSON.stringify(text);
}
