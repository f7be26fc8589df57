/** `merpati report …`: what other servers tell of mail in our name, and of TLS to our hosts. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { clean } from '../../journey/screen.ts';
import { reportLocals, type ReportKind } from '../../accounts/report-addresses.ts';
import type { DmarcDomainView, DmarcSourceView, ReporterView } from '../../reports/view-dmarc.ts';
import type { TlsDomainView, TlsFailureView } from '../../reports/view-tls.ts';
import type { Cli } from '../cli.ts';
import { Failure, usage } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import type { Column } from '../output.ts';
import { ownCommand } from '../own-command.ts';

interface Asked {
  readonly domain?: string;
  readonly days: string;
  readonly import?: string;
}

export function register(report: Command, cli: () => Cli): void {
  report.helpCommand(false);
  const kinds = {
    dmarc: say('who sends in the name of our domains', 'siapa mengirim atas nama domain kita'),
    tls: say('how private the way to our hosts is', 'seberapa tertutup jalur ke host kita'),
  };
  for (const kind of ['dmarc', 'tls'] as const) {
    report
      .command(`${kind} [domain]`)
      .summary(kinds[kind])
      .option('--domain <name>', say('of this domain only', 'hanya domain ini'))
      .option('--days <n>', say('of so many days', 'sekian hari terakhir'), '30')
      .option('--import <file>', say('a report got another way', 'laporan dari jalan lain'))
      .action(async (domain: string | undefined, given: Asked) => {
        if (given.import !== undefined) return importFile(cli(), given.import);
        const chosen = given.domain ?? domain;
        await (kind === 'dmarc' ? showDmarc : showTls)(cli(), readAsked(chosen, given.days));
      });
  }
  examples(report, [
    'merpati report dmarc',
    'merpati report dmarc contoh.id --days 90',
    'merpati report dmarc --import google.com!contoh.id!1792281600!1792367999.zip',
    'merpati report tls --json',
  ]);
}

interface Question {
  readonly domain?: string;
  readonly days: number;
}

function readAsked(domain: string | undefined, text: string): Question {
  const days = Number(text);
  if (!/^[0-9]{1,4}$/.test(text) || days < 1 || days > 3650) {
    const what = say('cannot show reports', 'tidak bisa menampilkan laporan');
    const why = say(`"${text}" is no number of days`, `"${text}" bukan jumlah hari`);
    throw usage(what, why, '--days 30');
  }
  return domain === undefined ? { days } : { domain, days };
}

// ---------------------------------------------------------------- dmarc

const sourceColumns = (): readonly Column<DmarcSourceView>[] => [
  {
    key: 'address',
    title: say('Address', 'Alamat'),
    cell: (one) => (one.isOwn ? `${one.address} ✓` : one.address),
  },
  { key: 'name', title: say('Name', 'Nama'), cell: (one) => one.name ?? '–', shrinks: true },
  { key: 'domain', title: 'Domain', cell: (one) => one.domain, shrinks: true },
  {
    key: 'messages',
    title: say('Messages', 'Email'),
    cell: (one) => String(one.messages),
    right: true,
  },
  {
    key: 'passed',
    title: say('Pass', 'Lulus'),
    cell: (one) => share(one.passed, one.messages),
    right: true,
  },
  {
    key: 'dkimPassed',
    title: 'DKIM',
    cell: (one) => share(one.dkimPassed, one.messages),
    right: true,
  },
  {
    key: 'spfPassed',
    title: 'SPF',
    cell: (one) => share(one.spfPassed, one.messages),
    right: true,
  },
  {
    key: 'quarantined',
    title: 'Junk',
    cell: (one) => String(one.quarantined),
    right: true,
  },
  {
    key: 'rejected',
    title: say('Refused', 'Ditolak'),
    cell: (one) => String(one.rejected),
    right: true,
  },
  {
    key: 'reasons',
    title: say('Why', 'Sebab'),
    cell: (one) => one.reasons.join(', ') || '–',
    shrinks: true,
  },
];

async function showDmarc(cli: Cli, question: Question): Promise<void> {
  const what = say('cannot show DMARC reports', 'tidak bisa menampilkan laporan DMARC');
  const { views } = await cli.call(what, 'report.dmarc', question);
  const { output } = cli;
  if (output.globals.json) return output.json('merpati.report.dmarc/1', { views });
  const domains = views.flatMap((view) => view.domains);
  if (domains.length === 0) return showNothing(cli, 'dmarc', question);
  if (output.isTerminal) {
    for (const one of domains) sayDomain(cli, one);
    output.line('');
  }
  const sources = views.flatMap((view) => view.sources);
  output.list('merpati.report.dmarc/1', sources, sourceColumns(), '');
  sayRest(
    cli,
    views.flatMap((view) => view.reporters),
    views.reduce((sum, view) => sum + view.leftOut, 0),
  );
}

function sayDomain({ output }: Cli, one: DmarcDomainView): void {
  const { paint } = output;
  const failed = one.messages - one.passed;
  const mark = failed === 0 ? paint.ok('✓') : paint.warn('▲');
  const reports = reportsText(one.reports);
  const passed = share(one.passed, one.messages);
  const text = say(
    `${one.messages} messages, ${passed} pass, ${failed} do not`,
    `${one.messages} email, ${passed} lulus, ${failed} tidak`,
  );
  const done = say(
    `to Junk ${one.quarantined}, refused ${one.rejected}`,
    `ke Junk ${one.quarantined}, ditolak ${one.rejected}`,
  );
  output.line(
    `${mark} ${paint.bold(clean(one.domain))} (p=${one.policy}): ${reports}, ${text}; ${done}`,
  );
}

// ---------------------------------------------------------------- tls

/** What each result type of RFC 8460 §4.3 means to who runs the hosts. */
const tlsWords: Readonly<Record<string, readonly [en: string, id: string]>> = {
  'starttls-not-supported': ['STARTTLS was not offered', 'STARTTLS tidak ditawarkan'],
  'certificate-host-mismatch': ['certificate for another name', 'sertifikat untuk nama lain'],
  'certificate-expired': ['certificate expired', 'sertifikat kedaluwarsa'],
  'certificate-not-trusted': ['certificate not trusted', 'sertifikat tidak dipercaya'],
  'validation-failure': ['TLS failed', 'TLS gagal'],
  'tlsa-invalid': ['no TLSA record fits', 'tidak ada catatan TLSA yang cocok'],
  'dnssec-invalid': ['DNSSEC is broken', 'DNSSEC rusak'],
  'dane-required': ['DANE is missing', 'DANE tidak ada'],
  'sts-policy-fetch-error': ['MTA-STS policy not found', 'kebijakan MTA-STS tidak ditemukan'],
  'sts-policy-invalid': ['MTA-STS policy is damaged', 'kebijakan MTA-STS rusak'],
  'sts-webpki-invalid': ['MTA-STS host not trusted', 'host MTA-STS tidak dipercaya'],
};

function tlsWord(type: string): string {
  const words = Object.hasOwn(tlsWords, type) ? tlsWords[type] : undefined;
  return words === undefined ? type : say(...words);
}

const failureColumns = (): readonly Column<TlsFailureView>[] => [
  { key: 'domain', title: 'Domain', cell: (one) => one.domain, shrinks: true },
  { key: 'type', title: say('Failure', 'Kegagalan'), cell: (one) => tlsWord(one.type) },
  { key: 'mxHost', title: 'MX', cell: (one) => one.mxHost ?? '–', shrinks: true },
  { key: 'policy', title: say('Policy', 'Kebijakan'), cell: (one) => one.policy },
  {
    key: 'sessions',
    title: say('Sessions', 'Sesi'),
    cell: (one) => String(one.sessions),
    right: true,
  },
  {
    key: 'reason',
    title: say('Detail', 'Rincian'),
    cell: (one) => one.reason ?? '–',
    shrinks: true,
  },
  {
    key: 'organisations',
    title: say('Seen by', 'Dilihat oleh'),
    cell: (one) => one.organisations.join(', '),
    shrinks: true,
  },
];

async function showTls(cli: Cli, question: Question): Promise<void> {
  const what = say('cannot show TLS reports', 'tidak bisa menampilkan laporan TLS');
  const { views } = await cli.call(what, 'report.tls', question);
  const { output } = cli;
  if (output.globals.json) return output.json('merpati.report.tls/1', { views });
  const domains = views.flatMap((view) => view.domains);
  if (domains.length === 0) return showNothing(cli, 'tls', question);
  if (output.isTerminal) {
    for (const one of domains) sayTlsDomain(cli, one);
    output.line('');
  }
  const failures = views.flatMap((view) => view.failures);
  const none = say('No failures.', 'Tidak ada kegagalan.');
  output.list('merpati.report.tls/1', failures, failureColumns(), none);
  sayRest(
    cli,
    views.flatMap((view) => view.reporters),
    views.reduce((sum, view) => sum + view.leftOut, 0),
  );
}

function sayTlsDomain({ output }: Cli, one: TlsDomainView): void {
  const { paint } = output;
  const mark = one.failures === 0 ? paint.ok('✓') : paint.warn('▲');
  const reports = reportsText(one.reports);
  const passed = share(one.successes, one.successes + one.failures);
  const text = say(
    `${one.successes + one.failures} sessions, ${passed} as the policy wants, ` +
      `${one.failures} not`,
    `${one.successes + one.failures} sesi, ${passed} sesuai kebijakan, ${one.failures} tidak`,
  );
  const policies = clean(one.policies.join(', '));
  output.line(`${mark} ${paint.bold(clean(one.domain))} (${policies}): ${reports}, ${text}`);
}

// ---------------------------------------------------------------- both

function sayRest(cli: Cli, reporters: readonly ReporterView[], leftOut: number): void {
  const { output } = cli;
  if (!output.isTerminal) return;
  const names = reporters.slice(0, 12).map(({ organisation, reports, unproved }) => {
    const doubt = unproved === 0 ? '' : say(`, ${unproved} unproved`, `, ${unproved} tak terbukti`);
    return `${clean(organisation)} (${reports}${doubt})`;
  });
  const more = reporters.length > names.length ? ', …' : '';
  output.line('');
  output.line(`${say('Reported by', 'Dilaporkan oleh')} ${names.join(', ')}${more}`);
  if (leftOut > 0) {
    output.note(say(`${leftOut} more are not shown`, `${leftOut} lagi tidak ditampilkan`));
  }
}

async function showNothing(cli: Cli, kind: ReportKind, question: Question): Promise<void> {
  const { output, globals } = cli;
  const what = say('cannot list domains', 'tidak bisa mendaftar domain');
  const domains = await cli.call(what, 'domain.list', {});
  const domain = question.domain ?? domains[0]?.name ?? 'contoh.id';
  const name = kind === 'dmarc' ? `_dmarc.${domain}` : `_smtp._tls.${domain}`;
  const version = kind === 'dmarc' ? 'v=DMARC1; p=none' : 'v=TLSRPTv1';
  const record = `${name} TXT "${version}; rua=mailto:${reportLocals[kind]}@${domain}"`;
  const command = `${ownCommand(globals.lab)} domain dns ${domain}`;
  const { days } = question;
  output.note(
    say(
      `No reports in the last ${days} days. Others send them daily to who asks for them with\n` +
        `  ${record}\nAll records of the domain: ${command}`,
      `Tidak ada laporan dalam ${days} hari terakhir. Server lain mengirimnya tiap hari bila\n` +
        `diminta dengan\n  ${record}\nSemua catatan domain itu: ${command}`,
    ),
  );
}

async function importFile(cli: Cli, file: string): Promise<void> {
  const what = say(`cannot import ${file}`, `tidak bisa mengimpor ${file}`);
  let octets: Buffer;
  try {
    octets = await readFile(file);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Failure('report.file', 'notFound', { what, why });
  }
  // XML shrinks to a twentieth.
  if (/^[\s\ufeff\u00ef\u00bb\u00bf]*[<{]/.test(octets.subarray(0, 100).toString('latin1'))) {
    octets = gzipSync(octets);
  }
  const content = octets.toString('base64');
  const found = await cli.call(what, 'report.import', { name: path.basename(file), content });
  cli.output.value('merpati.report.import/1', { report: found }, () => {
    const { kind } = found;
    const organisation = clean(found.organisation);
    const domain = clean(found.domain);
    cli.output.line(
      found.state === 'kept'
        ? say(
            `Imported a ${kind} report of ${organisation} about ${domain}.`,
            `Laporan ${kind} dari ${organisation} tentang ${domain} diimpor.`,
          )
        : say(
            `The ${kind} report of ${organisation} about ${domain} was here already.`,
            `Laporan ${kind} dari ${organisation} tentang ${domain} sudah ada.`,
          ),
    );
  });
}

function reportsText(count: number): string {
  return say(count === 1 ? '1 report' : `${count} reports`, `${count} laporan`);
}

/** Never 100 % for less than all. */
function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  return `${Math.floor((100 * part) / whole)} %`;
}
