/** `merpati setup DOMAIN`: configuration, domain, first account, and what to put into the DNS. */

import { existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { writeConfig } from '../../config/write.ts';
import type { Cli } from '../cli.ts';
import { configuredFacts } from '../../domains/facts.ts';
import { dnsView, type DnsView } from '../../domains/view.ts';
import { defaultConfig } from '../../config/read.ts';
import { showDnsRecords } from '../dns-records.ts';
import { Failure } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { loadConfig } from '../load-config.ts';
import { readSecret } from '../secret.ts';

interface SetupOptions {
  readonly hostname?: string;
  readonly account?: string;
  readonly passwordFile?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly acme?: boolean;
  readonly output: string;
}

export function register(setup: Command, cli: () => Cli): void {
  setup
    .argument('<domain>', say('e.g. contoh.id', 'misalnya contoh.id'))
    .option(
      '--hostname <name>',
      say('name of this server (default: mail.DOMAIN)', 'nama server ini (bawaan: mail.DOMAIN)'),
    )
    .option(
      '--account <name>',
      say('first account (default: your user name)', 'akun pertama (bawaan: nama user Anda)'),
    )
    .option(
      '--password-file <file>',
      say('its password; without it one is made', 'kata sandinya; kalau kosong, dibuatkan'),
    )
    .option('--certificate <file>', say('PEM chain for TLS', 'rantai PEM untuk TLS'))
    .option('--key <file>', say('its key', 'kuncinya'))
    .option(
      '--acme',
      say(
        "certificates from Let's Encrypt, to whose terms you agree (wants ports 80 and 443)",
        "sertifikat dari Let's Encrypt, dan Anda setuju syaratnya (perlu port 80 dan 443)",
      ),
    )
    .option(
      '--output <file>',
      say('where the configuration goes', 'letak berkas konfigurasi'),
      'merpati.toml',
    )
    .action(async (domain: string, given: SetupOptions) => run(cli(), domain.toLowerCase(), given));
  examples(setup, [
    'merpati setup contoh.id --data /var/lib/merpati --acme',
    'merpati setup contoh.id --certificate /etc/ssl/mail.pem --key /etc/ssl/mail.key',
  ]);
}

async function run(cli: Cli, domain: string, given: SetupOptions): Promise<void> {
  const what = say(`cannot set up ${domain}`, `tidak bisa menyiapkan ${domain}`);
  const { output, globals } = cli;
  const file = path.resolve(given.output);
  const hostname = given.hostname ?? `mail.${domain}`;
  const data = path.resolve(globals.data ?? '/var/lib/merpati');
  const tree = configTree({ hostname, data, given });
  const text = writeConfig(tree, intro());
  if (globals.dryRun) {
    output.line(text.trimEnd());
    const facts = configuredFacts({ config: defaultConfig(tree) }, domain);
    showDnsRecords(output, dnsView(facts));
    return;
  }
  if (existsSync(file) && !globals.yes) {
    throw new Failure('setup.exists', 'conflict', {
      what,
      why: say(`${file} is there already`, `${file} sudah ada`),
      next: say('--yes replaces it; the mail stays.', '--yes menggantinya; email tetap ada.'),
    });
  }
  write(what, file, text);
  const { account, dns } = await populate({ what, file, domain, given });
  const facts = { file, hostname, data, ...account, records: dns.records };
  output.value('merpati.setup/1', facts, () =>
    show(cli, { file, data, hostname, account, dns, given }),
  );
}

function write(what: string, file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o640 });
  } catch (error) {
    throw new Failure('setup.unwritable', 'notAllowed', { what, why: (error as Error).message });
  }
}

/** Only what differs from the defaults: `merpati config explain` tells of the rest. */
function configTree(about: {
  readonly hostname: string;
  readonly data: string;
  readonly given: SetupOptions;
}) {
  const { certificate, key, acme = false } = about.given;
  const hasFiles = certificate !== undefined && key !== undefined;
  const hasTls = hasFiles || acme;
  return {
    hostname: about.hostname,
    data: about.data,
    listen: hasTls
      ? {
          smtp: [':25'],
          submission: [':587'],
          submissions: [':465'],
          pop3: [':110'],
          pop3s: [':995'],
          imap: [':143'],
          imaps: [':993'],
          ...(acme ? { https: [':443'], acme: [':80'] } : {}),
        }
      : { smtp: [':25'] },
    ...(acme ? { acme: { terms_agreed: true } } : {}),
    ...(hasFiles
      ? { tls: { certificate_file: path.resolve(certificate), key_file: path.resolve(key) } }
      : {}),
  };
}

const intro = (): string =>
  say(
    'Configuration of Merpati. What a key means: merpati config explain KEY',
    'Konfigurasi Merpati. Arti sebuah kunci: merpati config explain KUNCI',
  );

interface FirstAccount {
  readonly address: string;
  /** null: it was there, or its password was given. */
  readonly password: string | null;
}

async function populate(about: {
  readonly what: string;
  readonly file: string;
  readonly domain: string;
  readonly given: SetupOptions;
}): Promise<{ readonly account: FirstAccount; readonly dns: DnsView }> {
  const { what, domain, given } = about;
  const { config } = loadConfig(about.file, null);
  const { openInProcess } = await import('../in-process.ts');
  const connection = await openInProcess(config);
  try {
    const domains = await connection.call('domain.list', {});
    if (!domains.some((one) => one.name === domain)) {
      await connection.call('domain.put', { name: domain, mode: 'add' });
    }
    const dns = await connection.call('domain.dns', { name: domain });
    const local = given.account ?? os.userInfo().username;
    const address = `${local === 'root' ? 'admin' : local}@${domain}`.toLowerCase();
    const accounts = await connection.call('account.list', { domain });
    if (accounts.some((one) => one.address === address))
      return { account: { address, password: null }, dns };
    const password = await readSecret(given.passwordFile);
    const input = { address, ...(password === undefined ? {} : { password }) };
    const added = await connection.call('account.add', input);
    await addPostmaster(connection, domain, address);
    return { account: { address: added.account.address, password: added.password }, dns };
  } catch (error) {
    const { failureOf } = await import('../cli.ts');
    throw await failureOf(error, what, { lab: false });
  } finally {
    await connection.close();
  }
}

/**
 * RFC 5321 §4.5.1: every domain has a postmaster; abuse@ is where complaints go, and as root writes
 * what runs on the machine, cron before all.
 */
async function addPostmaster(
  connection: import('../../admin/connection.ts').Connection,
  domain: string,
  address: string,
): Promise<void> {
  const aliases = await connection.call('alias.list', {});
  for (const role of ['postmaster', 'abuse', 'root']) {
    const alias = `${role}@${domain}`;
    if (alias === address || aliases.some((one) => one.address === alias)) continue;
    await connection.call('alias.put', { address: alias, targets: [address], mode: 'add' });
  }
}

function show(
  cli: Cli,
  made: {
    readonly file: string;
    readonly data: string;
    readonly hostname: string;
    readonly account: FirstAccount;
    readonly dns: DnsView;
    readonly given: SetupOptions;
  },
): void {
  const { output } = cli;
  const { paint } = output;
  const done = (text: string) => output.line(`${paint.ok('✓')} ${text}`);
  done(say(`configuration ${made.file}`, `konfigurasi ${made.file}`));
  done(say(`mail store ${made.data}`, `penyimpanan ${made.data}`));
  const { address, password } = made.account;
  const secret =
    password === null
      ? ''
      : say(
          `, password ${paint.bold(password)} (shown once)`,
          `, kata sandi ${paint.bold(password)} (hanya sekali ini)`,
        );
  done(say(`account ${address}${secret}`, `akun ${address}${secret}`));
  output.line('');
  output.line(paint.bold(say('Put this into the DNS:', 'Masukkan ini ke DNS:')));
  showDnsRecords(output, made.dns);
  output.line('');
  if (made.given.certificate === undefined && made.given.acme !== true) {
    output.line(
      `${paint.warn('▲')} ${say(
        'Without a certificate nobody can log in: setup again with --acme or --certificate',
        'Tanpa sertifikat tak ada yang bisa masuk: setup lagi dengan --acme atau --certificate',
      )}`,
    );
  }
  output.line(
    say(
      `Then: merpati config check && merpati serve --config ${made.file}`,
      `Lalu: merpati config check && merpati serve --config ${made.file}`,
    ),
  );
}
