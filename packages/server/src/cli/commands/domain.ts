/** `merpati domain …`: the domains this server is responsible for, and their DNS records. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DomainView } from '../../admin/operations/domain-list.ts';
import type { Cli } from '../cli.ts';
import { readSeconds } from '../figures.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { ownCommand } from '../own-command.ts';
import type { Column } from '../output.ts';
import { dnsForms, showDnsRecords, type DnsForm } from '../dns-records.ts';
import { showCheck } from '../domain-check.ts';
import { registerKeys } from '../domain-keys.ts';
import { exitCodes } from '../exit.ts';
import { usage } from '../failure.ts';

const columns = (): readonly Column<DomainView>[] => [
  { key: 'name', title: say('Domain', 'Domain'), cell: (one) => one.name },
  {
    key: 'accounts',
    title: say('Accounts', 'Akun'),
    cell: (one) => String(one.accounts),
    right: true,
  },
  {
    key: 'aliases',
    title: say('Aliases', 'Alias'),
    cell: (one) => String(one.aliases),
    right: true,
  },
  { key: 'aliasOf', title: say('Alias of', 'Alias dari'), cell: (one) => one.aliasOf ?? '–' },
  { key: 'catchAll', title: say('Catch-all', 'Penampung'), cell: (one) => one.catchAll ?? '–' },
  { key: 'server', title: 'Server', cell: (one) => one.server },
];

interface PutOptions {
  readonly aliasOf?: string;
  readonly catchAll?: string;
  readonly server?: string;
}

export function register(domain: Command, cli: () => Cli): void {
  domain.helpCommand(false);
  for (const mode of ['add', 'edit'] as const) registerPut(domain, mode, cli);
  domain
    .command('list')
    .summary(say('all domains', 'semua domain'))
    .action(async () => {
      const what = say('cannot list domains', 'tidak bisa mendaftar domain');
      const rows = await cli().call(what, 'domain.list', {});
      const none = say(
        `No domains yet. Add one with: ${ownCommand(cli().globals.lab)} domain add NAME`,
        `Belum ada domain. Tambahkan dengan: ${ownCommand(cli().globals.lab)} domain add NAMA`,
      );
      cli().output.list('merpati.domain.list/1', rows, columns(), none);
    });
  registerDns(domain, cli);
  registerCheck(domain, cli);
  registerPublish(domain, cli);
  registerKeys(domain, cli);
  registerRemove(domain, cli);
  examples(domain, [
    'merpati domain add contoh.id',
    'merpati domain add contoh.com --alias-of contoh.id',
    'merpati domain edit contoh.id --catch-all rina@contoh.id',
    'merpati domain dns contoh.id --as zone > contoh.id.zone',
    'merpati domain check contoh.id --wait 10m',
    'merpati domain keys contoh.id rotate',
  ]);
}

function registerPut(domain: Command, mode: 'add' | 'edit', cli: () => Cli): void {
  domain
    .command(`${mode} <name>`)
    .summary(
      mode === 'add' ? say('a new domain', 'domain baru') : say('change a domain', 'ubah domain'),
    )
    .option(
      '--alias-of <domain>',
      say(
        'its addresses are those of that one; none: not any more',
        'alamatnya sama dengan domain itu; none: tidak lagi',
      ),
    )
    .option(
      '--catch-all <address>',
      say('gets what nobody else gets; none: nobody', 'menerima sisa; none: tidak ada'),
    )
    .option('--server <host>', say('in a lab: which server', 'di lab: server yang mana'))
    .action(async (name: string, given: PutOptions) => {
      const what = say(`cannot set ${name}`, `tidak bisa mengatur ${name}`);
      const orNone = (text: string) => (text === 'none' ? null : text);
      const put = await cli().call(what, 'domain.put', {
        name,
        mode,
        ...(given.aliasOf === undefined ? {} : { aliasOf: orNone(given.aliasOf) }),
        ...(given.catchAll === undefined ? {} : { catchAll: orNone(given.catchAll) }),
        ...(given.server === undefined ? {} : { server: given.server }),
      });
      const { output } = cli();
      output.value('merpati.domain.put/1', { domain: put }, () => {
        output.line(
          mode === 'add'
            ? say(
                `Added ${put.name} at ${put.server}.`,
                `${put.name} ditambahkan di ${put.server}.`,
              )
            : say(`Changed ${put.name}.`, `${put.name} diubah.`),
        );
        if (mode === 'add')
          output.note(
            say(
              `Its DNS records: ${ownCommand(cli().globals.lab)} domain dns ${put.name}`,
              `Catatan DNS-nya: ${ownCommand(cli().globals.lab)} domain dns ${put.name}`,
            ),
          );
      });
    });
}

function registerDns(domain: Command, cli: () => Cli): void {
  domain
    .command('dns <name>')
    .summary(say('the DNS records it needs', 'catatan DNS yang diperlukan'))
    .option(
      '--as <form>',
      say(
        'table, zone (a file), rfc2136 (for nsupdate)',
        'table, zone (berkas), rfc2136 (nsupdate)',
      ),
      'table',
    )
    .action(async (name: string, given: { readonly as: string }) => {
      const what = say(
        `cannot show the records of ${name}`,
        `tidak bisa menampilkan catatan ${name}`,
      );
      const form = readForm(what, given.as);
      showDnsRecords(cli().output, await cli().call(what, 'domain.dns', { name }), form);
    });
}

function readForm(what: string, text: string): DnsForm {
  const found = dnsForms.find((one) => one === text);
  if (found !== undefined) return found;
  throw usage(
    what,
    say(`there is no form ${text}`, `tidak ada bentuk ${text}`),
    say(`There are ${dnsForms.join(', ')}.`, `Yang ada: ${dnsForms.join(', ')}.`),
  );
}

function registerPublish(domain: Command, cli: () => Cli): void {
  domain
    .command('publish <name>')
    .summary(
      say(
        'put the records into its zone (acme.dns_server, RFC 2136)',
        'terbitkan catatannya ke zona (acme.dns_server, RFC 2136)',
      ),
    )
    .action(async (name: string) => {
      const what = say(`cannot publish ${name}`, `tidak bisa menerbitkan ${name}`);
      const { output, globals } = cli();
      if (globals.dryRun) {
        showDnsRecords(output, await cli().call(what, 'domain.dns', { name }), 'rfc2136');
        return;
      }
      const published = await cli().call(what, 'domain.publish', { name });
      output.value('merpati.domain.publish/1', published, () => {
        const { zone, changes } = published;
        output.line(
          say(
            `The zone ${zone} has taken ${changes} changes.`,
            `Zona ${zone} menerima ${changes} perubahan.`,
          ),
        );
        const command = `${ownCommand(globals.lab)} domain check ${name}`;
        output.note(say(`Look at it: ${command}`, `Periksa: ${command}`));
      });
    });
}

/** As often as somebody who publishes records would look himself. */
const checkAgainMs = 5000;

function registerCheck(domain: Command, cli: () => Cli): void {
  domain
    .command('check <name>')
    .summary(
      say(
        'whether the name servers of its zone have them (exit code 8 if not)',
        'apakah server nama zonanya sudah benar (kode keluar 8 bila belum)',
      ),
    )
    .option(
      '--wait <time>',
      say(
        'until all is right, e.g. 10m (exit code 9 if not)',
        'sampai benar, misalnya 10m (kode 9)',
      ),
    )
    .action(async (name: string, given: { readonly wait?: string }) => {
      const what = say(`cannot check ${name}`, `tidak bisa memeriksa ${name}`);
      const waitS = given.wait === undefined ? 0 : readSeconds(given.wait);
      if (waitS === null)
        throw usage(what, say(`"${given.wait}" is no time`, `"${given.wait}" bukan waktu`));
      const endMs = Date.now() + waitS * 1000;
      let check = await cli().call(what, 'domain.check', { name });
      while (check.problems > 0 && Date.now() < endMs) {
        await delay(Math.min(checkAgainMs, Math.max(endMs - Date.now(), 0)));
        check = await cli().call(what, 'domain.check', { name });
      }
      const { output } = cli();
      if (check.problems > 0) {
        process.exitCode = given.wait === undefined ? exitCodes.problems : exitCodes.timedOut;
      }
      output.value('merpati.domain.check/1', check, () =>
        showCheck(output, check, ownCommand(cli().globals.lab)),
      );
    });
}

function registerRemove(domain: Command, cli: () => Cli): void {
  domain
    .command('remove <name>')
    .summary(say('remove a domain without addresses', 'hapus domain yang sudah kosong'))
    .action(async (name: string) => {
      const what = say(`cannot remove ${name}`, `tidak bisa menghapus ${name}`);
      const { output, globals } = cli();
      await cli().call(what, 'domain.remove', { name, dryRun: true });
      if (!globals.dryRun) {
        await cli().confirm(what, say(`Remove the domain ${name}?`, `Hapus domain ${name}?`));
        await cli().call(what, 'domain.remove', { name });
      }
      output.value('merpati.domain.remove/1', { name, dryRun: globals.dryRun }, () => {
        output.line(
          globals.dryRun
            ? say(`Would remove ${name}.`, `Akan menghapus ${name}.`)
            : say(`Removed ${name}.`, `${name} dihapus.`),
        );
      });
    });
}
