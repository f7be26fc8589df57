/**
 * Reads the configuration: defaults, then the TOML file, then the environment. A wrong key never
 * passes in silence: all problems are collected and named with their place.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { configKeys, type ConfigKey } from './keys.ts';
import { nearest } from './nearest.ts';
import type { ConfigProblem } from './problem.ts';
import { configSchema, type Config } from './schema.ts';

export interface ConfigRead {
  /** null when there are errors. */
  readonly config: Config | null;
  readonly problems: readonly ConfigProblem[];
  /** Where each key that is not at its default came from: a file or an environment variable. */
  readonly sources: ReadonlyMap<string, string>;
}

export interface ConfigPlaces {
  /** null: no file, only environment and defaults. */
  readonly file: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Table = Record<string, unknown>;

/** Names beginning with MERPATI_ that are no keys: they belong to the command line. */
const otherNames = new Set(['MERPATI_CONFIG', 'MERPATI_USER', 'MERPATI_PASSWORD']);

export function readConfig(places: ConfigPlaces): ConfigRead {
  const problems: ConfigProblem[] = [];
  const sources = new Map<string, string>();
  const keys = configKeys();
  const tree = places.file === null ? {} : readToml(places.file, problems);
  if (places.file !== null) noteSources(tree, '', places.file, sources);
  applyEnvironment(tree, { env: places.env, keys, problems, sources });
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap((i) => explain(i, keys, tree)));
  if (parsed.success) readSecrets(parsed.data, places, problems);
  const failed = !parsed.success || problems.some((one) => one.severity === 'error');
  return { config: failed ? null : parsed.data, problems, sources };
}

/** The configuration where nothing is set: for tests and for the lab, which set what they need. */
export function defaultConfig(overrides: z.input<typeof configSchema>): Config {
  return configSchema.parse(overrides);
}

export function readToml(file: string, problems: ConfigProblem[]): Table {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    problems.push(
      code === 'ENOENT'
        ? { severity: 'error', code: 'config.file.missing', path: '', args: { file } }
        : {
            severity: 'error',
            code: 'config.file.unreadable',
            path: '',
            args: { file, reason: code },
          },
    );
    return {};
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    const { line, column } = error;
    problems.push({
      severity: 'error',
      code: 'config.toml',
      path: '',
      args: { line, column, reason },
    });
    return {};
  }
}

function noteSources(value: unknown, at: string, file: string, sources: Map<string, string>): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [name, inner] of Object.entries(value)) {
      noteSources(inner, at === '' ? name : `${at}.${name}`, file, sources);
    }
  } else {
    sources.set(at, file);
  }
}

interface EnvironmentReading {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly keys: readonly ConfigKey[];
  readonly problems: ConfigProblem[];
  readonly sources: Map<string, string>;
}

/** `MERPATI_SECTION__KEY`, and `MERPATI_SECTION__KEY_FILE` for a value that stands in a file. */
function applyEnvironment(tree: Table, reading: EnvironmentReading): void {
  const byName = new Map(reading.keys.flatMap((key) => (key.env === null ? [] : [[key.env, key]])));
  for (const [name, given] of Object.entries(reading.env)) {
    if (!name.startsWith('MERPATI_') || given === undefined || otherNames.has(name)) continue;
    const direct = byName.get(name);
    const fromFile = direct === undefined ? byName.get(name.replace(/_FILE$/, '')) : undefined;
    const key = direct ?? fromFile;
    if (key === undefined) {
      const near = nearest(name, byName.keys());
      reading.problems.push(
        near === null
          ? { severity: 'error', code: 'config.env.unknown', path: '', args: { name } }
          : { severity: 'error', code: 'config.env.unknown.near', path: '', args: { name, near } },
      );
      continue;
    }
    const text = fromFile === undefined ? given : readSecret(given, key.path, reading);
    if (text === null) continue;
    set(tree, key.path, fromText(text, key));
    reading.sources.set(key.path, name);
  }
}

/** Numbers and booleans as TOML has them, lists by commas, lists of tables as JSON. */
function fromText(text: string, key: ConfigKey): unknown {
  if (key.type.startsWith('whole number')) return /^-?\d+$/.test(text) ? Number(text) : text;
  if (key.type === 'true or false') return text === 'true' ? true : text === 'false' ? false : text;
  if (key.type === 'list of tables') {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text; // the schema says what it expected
    }
  }
  if (!key.type.startsWith('list of')) return text;
  const parts = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  return key.type.includes('whole number') ? parts.map(Number) : parts;
}

function set(tree: Table, dotted: string, value: unknown): void {
  const names = dotted.split('.');
  const last = names.pop()!;
  let table = tree;
  for (const name of names) {
    const inner = table[name];
    const isTable = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    const next = isTable ? (inner as Table) : {};
    table[name] = next;
    table = next;
  }
  table[last] = value;
}

function explain(
  issue: z.core.$ZodIssue,
  keys: readonly ConfigKey[],
  tree: Table,
): ConfigProblem[] {
  const at = dotted(issue.path);
  const error = { severity: 'error', path: at } as const;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((name) => unknownKey(at === '' ? name : `${at}.${name}`, keys));
    case 'too_small':
      return [{ ...error, code: 'config.value.small', args: { least: Number(issue.minimum) } }];
    case 'too_big':
      return [{ ...error, code: 'config.value.large', args: { most: Number(issue.maximum) } }];
    case 'invalid_value':
      return [
        { ...error, code: 'config.value.choice', args: { expected: issue.values.join(', ') } },
      ];
    case 'invalid_type': {
      const found = valueAt(tree, issue.path);
      if (found === undefined) return [{ ...error, code: 'config.value.missing', args: {} }];
      const key = keys.find((one) => one.path === at.replaceAll(/\[\d+\]/g, '[]'));
      const args = { expected: key?.type ?? issue.expected, found: JSON.stringify(found) };
      return [{ ...error, code: 'config.value.type', args }];
    }
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
    default: {
      const args = { expected: issue.message, found: JSON.stringify(valueAt(tree, issue.path)) };
      return [{ ...error, code: 'config.value.type', args }];
    }
  }
}

function unknownKey(at: string, keys: readonly ConfigKey[]): ConfigProblem {
  const generic = at.replaceAll(/\[\d+\]/g, '[]');
  const paths = keys.map((key) => key.path);
  const sections = new Set(paths.flatMap((one) => (one.includes('.') ? [one.split('.')[0]!] : [])));
  const sameName = paths.find((one) => one.split('.').at(-1) === generic.split('.').at(-1));
  const near = nearest(generic, [...paths, ...sections]) ?? sameName ?? null;
  return near === null
    ? { severity: 'error', code: 'config.key.unknown', path: at, args: {} }
    : { severity: 'error', code: 'config.key.unknown.near', path: at, args: { near } };
}

function dotted(parts: readonly PropertyKey[]): string {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

function valueAt(tree: unknown, parts: readonly PropertyKey[]): unknown {
  let value = tree;
  for (const part of parts) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/**
 * A relative file is looked for in systemd's $CREDENTIALS_DIRECTORY first, then beside the
 * configuration.
 */
export function secretFile(name: string, places: ConfigPlaces): string {
  if (path.isAbsolute(name)) return name;
  const credentials = places.env['CREDENTIALS_DIRECTORY'];
  if (credentials !== undefined && credentials !== '') return path.join(credentials, name);
  return places.file === null ? name : path.join(path.dirname(places.file), name);
}

function readSecrets(config: Config, places: ConfigPlaces, problems: ConfigProblem[]): void {
  for (const name of ['certificate_file', 'key_file'] as const) {
    if (config.tls[name] !== '') config.tls[name] = secretFile(config.tls[name], places);
  }
  for (const name of ['eab_key', 'dns_key'] as const) {
    const file = config.acme[`${name}_file`];
    if (file === '') continue;
    const at = `acme.${name}_file`;
    if (config.acme[name] !== '') {
      problems.push({ severity: 'error', code: 'config.secret.twice', path: at, args: {} });
    }
    const reading = { env: {}, keys: [], problems, sources: new Map<string, string>() };
    config.acme[name] = readSecret(secretFile(file, places), at, reading)?.trim() ?? '';
  }
  for (const one of config.tls.certificates) {
    one.certificate_file = secretFile(one.certificate_file, places);
    one.key_file = secretFile(one.key_file, places);
  }
  for (const [i, route] of config.routes.entries()) {
    const at = `routes[${i}]`;
    if (route.password_file !== '') {
      if (route.password !== '') {
        problems.push({ severity: 'error', code: 'config.secret.twice', path: at, args: {} });
      }
      const file = secretFile(route.password_file, places);
      const sources = new Map<string, string>();
      const text = readSecret(file, `${at}.password_file`, {
        env: {},
        keys: [],
        problems,
        sources,
      });
      if (text !== null) route.password = text;
    }
    if (route.username !== '' && route.password === '') {
      problems.push({ severity: 'error', code: 'config.secret.missing', path: at, args: {} });
    }
  }
}

function readSecret(file: string, at: string, reading: EnvironmentReading): string | null {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const args = { file, reason };
    reading.problems.push({ severity: 'error', code: 'config.secret.unreadable', path: at, args });
    return null;
  }
}
