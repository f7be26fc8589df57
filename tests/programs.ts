/**
 * What some tests need of the machine: programs of other projects, root. A test asks for it by
 * `requireProgram`, the only way in which a test may stay undone: it says so loudly, and under
 * MERPATI_REQUIRE_ALL=1 it fails instead.
 */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

interface Need {
  /** Looked for in PATH and in the sbin folders, unless absolute. */
  readonly files: readonly string[];
  /** Debian's packages, separated by spaces. */
  readonly package: string;
}

const needs = {
  // It speaks TLS only with the second one, which it does not insist on.
  swaks: { files: ['swaks'], package: 'swaks libnet-ssleay-perl' },
  curl: { files: ['curl'], package: 'curl' },
  // It reads addresses, logs in and speaks TLS only with the others.
  'git-send-email': {
    files: ['git', '/usr/lib/git-core/git-send-email'],
    package: 'git-email libmailtools-perl libauthen-sasl-perl libio-socket-ssl-perl',
  },
  msmtp: { files: ['msmtp'], package: 'msmtp' },
  getmail: { files: ['getmail'], package: 'getmail6' },
  fetchmail: { files: ['fetchmail'], package: 'fetchmail' },
  mpop: { files: ['mpop'], package: 'mpop' },
  mbsync: { files: ['mbsync'], package: 'isync' },
  imapfilter: { files: ['imapfilter'], package: 'imapfilter' },
  offlineimap: { files: ['offlineimap'], package: 'offlineimap3' },
  script: { files: ['script'], package: 'bsdutils' },
  neomutt: { files: ['neomutt'], package: 'neomutt' },
  python3: { files: ['python3'], package: 'python3' },
  unbound: { files: ['unbound'], package: 'unbound' },
  knot: { files: ['knotd', 'knotc', 'keymgr'], package: 'knot' },
  dig: { files: ['dig'], package: 'bind9-dnsutils' },
  rspamd: { files: ['rspamd'], package: 'rspamd' },
  opendkim: { files: ['opendkim'], package: 'opendkim' },
  pebble: { files: ['pebble'], package: 'pebble' },
  nsupdate: { files: ['nsupdate'], package: 'bind9-dnsutils' },
  kzonecheck: { files: ['kzonecheck'], package: 'knot-dnssecutils' },
  'named-checkzone': { files: ['named-checkzone'], package: 'bind9-utils' },
  xmllint: { files: ['xmllint'], package: 'libxml2-utils' },
  plistutil: { files: ['plistutil'], package: 'libplist-utils' },
  // Its Ed25519 is that of the second one.
  dkimpy: { files: ['/usr/bin/dkimverify'], package: 'python3-dkim python3-nacl' },
  openssl: { files: ['openssl'], package: 'openssl' },
  postfix: { files: ['postfix', 'postqueue', 'smtp-source', 'smtp-sink'], package: 'postfix' },
  dovecot: { files: ['dovecot', '/usr/lib/dovecot/lmtp'], package: 'dovecot-lmtpd' },
  'dovecot-pop3': { files: ['dovecot', '/usr/lib/dovecot/pop3'], package: 'dovecot-pop3d' },
  'dovecot-imap': { files: ['dovecot', '/usr/lib/dovecot/imap'], package: 'dovecot-imapd' },
  'dovecot-submission': {
    files: ['dovecot', '/usr/lib/dovecot/submission'],
    package: 'dovecot-submissiond',
  },
  'mkfs.ext4': { files: ['mkfs.ext4', 'losetup', 'mount'], package: 'e2fsprogs' },
  'mkfs.xfs': { files: ['mkfs.xfs', 'losetup', 'mount'], package: 'xfsprogs' },
  /** Other users' processes, mounts, ports: Postfix and small file systems want it. */
  root: { files: [], package: '' },
} as const satisfies Record<string, Need>;

export type Program = keyof typeof needs;
export const programs = Object.keys(needs) as readonly Program[];

/** Everything must run: in continuous integration, where what is missing is a fault. */
export const isAllRequired =
  process.env['MERPATI_REQUIRE_ALL'] === '1' || process.env['TEST_REQUIRE_ALL'] === '1';

/** Why it cannot be used here and how to get it; null when it is there. */
export function whyMissing(program: Program): string | null {
  if (program === 'root') return process.getuid?.() === 0 ? null : 'root: not the superuser';
  const need: Need = needs[program];
  const missing = need.files.filter((file) => findProgram(file) === null);
  if (missing.length === 0) return null;
  return `${program}: no ${missing.join(', ')} here (Debian: apt-get install ${need.package})`;
}

/** The file itself; null when there is none that may be run. */
export function findProgram(file: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const places = file.startsWith('/') ? [file] : folders.map((folder) => join(folder, file));
  return places.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the same to the caller.
    return false;
  }
}

/**
 * True when all of them are here. Otherwise the test is marked as not run, in so many words, and
 * its body returns at once: `if (!requireProgram(t, 'swaks')) return;`
 */
export function requireProgram(t: TestContext, ...names: readonly Program[]): boolean {
  const missing = names.map(whyMissing).filter((why) => why !== null);
  if (missing.length === 0) return true;
  leaveUndone(t, missing.join('; '));
  return false;
}

/** The same for what is no program: a test that cannot be made here says why, or fails. */
export function leaveUndone(t: TestContext, why: string): void {
  if (isAllRequired) throw new Error(`MERPATI_REQUIRE_ALL: ${why}`);
  process.stderr.write(`NOT RUN HERE: ${t.name}: ${why}\n`);
  t.skip(why);
}

/** The Debian packages that all tests together want: `.ci/run` installs them. */
if (import.meta.main) {
  const packages = Object.values(needs).flatMap((need) => need.package.split(' '));
  console.log([...new Set(packages)].filter((name) => name !== '').join('\n'));
}
