/**
 * Who may import whom. A package exists where another runtime or another set of dependencies
 * begins; within the server a folder is a room with one job. An arrow that is missing here is a
 * decision to be made, not a line to be added in passing.
 */

import { posix } from 'node:path';
import type { Source } from './source.ts';

interface PackageRule {
  /** Other packages of this repository. */
  readonly packages: readonly string[];
  /** May use `node:*`. */
  readonly node: boolean;
  /** Libraries from the registry. */
  readonly libraries: readonly string[];
}

export const packageRules: Readonly<Record<string, PackageRule>> = {
  formats: { packages: [], node: false, libraries: [] },
  store: { packages: ['formats'], node: true, libraries: [] },
  client: { packages: ['formats'], node: true, libraries: [] },
  server: {
    packages: ['formats', 'store', 'client'],
    node: true,
    libraries: [
      '@hono/node-server',
      '@peculiar/x509',
      'commander',
      'hono',
      'otpauth',
      'pino',
      'prom-client',
      'reflect-metadata',
      'smol-toml',
      'zod',
    ],
  },
};

/** Oracles and tools: in tests only. */
const testLibraries = ['fast-check', 'imapflow', 'nodemailer', 'postal-mime'];

/** Libraries that have one home. */
const libraryFolders: Readonly<Record<string, readonly string[]>> = {
  '@hono/node-server': ['http'],
  hono: ['http'],
  commander: ['cli'],
  'prom-client': ['observe'],
  'reflect-metadata': ['certificates', 'lab'],
  'smol-toml': ['config'],
  otpauth: ['accounts'],
  zod: ['accounts', 'admin', 'certificates', 'config', 'probe', 'reports', 'signing'],
};

/** Files at the top of packages/server/src that everything in it may use. */
const ground = ['home.ts', 'shared.ts', 'world.ts', 'refusal.ts', 'config', 'observe'];

/** The folders of packages/server/src: what each may use besides the ground and itself. */
export const folderRules: Readonly<Record<string, readonly string[]>> = {
  // The ground itself.
  'home.ts': ['alarms', 'config', 'observe', 'reports', 'shared.ts', 'signing', 'world.ts'],
  'shared.ts': [],
  'world.ts': [],
  'refusal.ts': [],
  // Its complaints are sentences in the languages we speak.
  config: ['journey'],
  observe: [],
  // Rooms.
  accounts: ['net'],
  alarms: ['accounts', 'flow', 'incoming', 'journey'],
  certificates: ['delivery', 'dns'],
  // Of the reports: the words in which checks and delivery tell what they saw.
  checks: ['accounts', 'incoming', 'net', 'reports'],
  dns: [],
  // What a domain publishes, and what it tells mail programs.
  domains: ['accounts', 'certificates', 'dns', 'signing'],
  incoming: ['accounts', 'journey', 'net', 'signing'],
  journey: [],
  net: [],
  signing: ['certificates', 'dns', 'incoming'],
  delivery: ['dns', 'journey', 'net', 'reports'],
  flow: ['accounts', 'checks', 'delivery', 'incoming', 'journey', 'queue', 'reports', 'signing'],
  queue: ['accounts', 'delivery', 'dns', 'flow', 'incoming', 'journey'],
  // Protocols: one each, and none knows another.
  smtp: ['accounts', 'checks', 'flow', 'incoming', 'journey', 'net', 'signing'],
  pop3: ['accounts', 'journey', 'net'],
  imap: ['accounts', 'journey', 'net'],
  http: ['accounts', 'admin', 'certificates', 'domains', 'journey', 'net', 'queue'],
  admin: ['accounts', 'certificates', 'domains', 'flow', 'journey', 'queue', 'reports', 'signing'],
  reports: ['accounts', 'checks', 'flow', 'incoming', 'journey', 'net'],
  probe: ['accounts', 'checks', 'dns', 'flow', 'journey', 'queue', 'real-world.ts'],
  // Composition.
  threads: [
    'accounts',
    'certificates',
    'imap',
    'incoming',
    'journey',
    'net',
    'pop3',
    'real-world.ts',
    'reports',
    'signing',
    'smtp',
  ],
  'real-world.ts': ['dns'],
  'serve.ts': [
    'accounts',
    'admin',
    'alarms',
    'certificates',
    'dns',
    'http',
    'imap',
    'journey',
    'net',
    'pop3',
    'queue',
    'reports',
    'signing',
    'smtp',
    'threads',
  ],
  lab: [
    'accounts',
    'admin',
    'certificates',
    'delivery',
    'dns',
    'domains',
    'http',
    'journey',
    'net',
    'queue',
    'serve.ts',
    'signing',
  ],
  cli: '*'.split(','),
  'main.ts': '*'.split(','),
};

/** Also what tests are made of: homes and peers for them, the suite that every store must pass. */
const testFile = /\.test\.ts$|^packages\/[^/]+\/tests\/|\/(?:testing|conformance)\//;

/** Sentences about imports that are not allowed; empty when all is well. */
export function findBoundaryBreaks(source: Source): string[] {
  const place = /^packages\/([^/]+)\/(?:src|tests)\/(.*)$/.exec(source.path);
  if (place === null) return [];
  const [, name = '', inside = ''] = place;
  const rule = packageRules[name];
  if (rule === undefined) return [`${source.path}: no rule for the package ${name}`];
  const isTest = testFile.test(source.path);
  return source.imports.flatMap(({ specifier, line }) => {
    const why = specifier.startsWith('.')
      ? judgeNeighbour(source.path, { name, inside, isTest }, specifier)
      : judgeOutside(rule, { name, inside, isTest }, specifier);
    return why === null ? [] : [`${source.path}:${line}: ${specifier}: ${why}`];
  });
}

interface Place {
  readonly name: string;
  /** Path within `src` or `tests`. */
  readonly inside: string;
  readonly isTest: boolean;
}

function judgeOutside(rule: PackageRule, place: Place, specifier: string): string | null {
  if (specifier.startsWith('node:')) {
    return rule.node || place.isTest ? null : `${place.name} is pure`;
  }
  const own = /^@merpati\/([^/]+)\/(.+)$/.exec(specifier);
  if (own) {
    const [, target = '', path = ''] = own;
    if (target === place.name) return 'a package imports its own files by relative paths';
    if (!rule.packages.includes(target)) return `${place.name} may not import ${target}`;
    return path.endsWith('.ts') ? null : 'name the file, with .ts';
  }
  const library = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
  if (place.isTest && testLibraries.includes(library)) return null;
  if (!rule.libraries.includes(library)) return `${place.name} may not use this library`;
  const homes = libraryFolders[library];
  if (homes === undefined || place.isTest || homes.includes(folderOf(place.inside))) return null;
  return `this library is used in ${homes.join(' and ')} only`;
}

function judgeNeighbour(path: string, place: Place, specifier: string): string | null {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (!/\.[jt]s$/.test(specifier)) return 'name the file, with .ts';
  if (!target.startsWith(`packages/${place.name}/`)) {
    return place.isTest && target.startsWith('tests/') ? null : 'reaches out of its package';
  }
  if (testFile.test(target) && !place.isTest) return 'a test is not there to be used';
  if (place.name !== 'server' || place.isTest) return null;
  const from = folderOf(place.inside);
  const to = folderOf(target.replace(/^packages\/server\/src\//, ''));
  const allowed = folderRules[from];
  if (allowed === undefined) return `no rule for ${from}`;
  if (folderRules[to] === undefined) return `no rule for ${to}`;
  if (from === to || allowed.includes('*') || allowed.includes(to)) return null;
  if (ground.includes(to) && !ground.includes(from)) return null;
  return `${from} may not import ${to}`;
}

/** The first folder, or the file itself when it lies at the top. */
function folderOf(inside: string): string {
  return inside.split('/')[0] ?? inside;
}
