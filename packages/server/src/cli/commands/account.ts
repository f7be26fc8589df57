/** `merpati account …`: people and their passwords. */

import type { Command } from 'commander';
import type { AccountView } from '../../admin/account-view.ts';
import type { AccountShown } from '../../admin/operations/account-show.ts';
import { registerRelease, registerTotp } from '../account-safety.ts';
import type { Cli } from '../cli.ts';
import { usage } from '../failure.ts';
import { bytes, readBytes, when } from '../figures.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { ownCommand } from '../own-command.ts';
import type { Column } from '../output.ts';
import { readSecret } from '../secret.ts';

export function register(account: Command, cli: () => Cli): void {
  account.helpCommand(false);
  registerAdd(account, cli);
  registerList(account, cli);
  registerShow(account, cli);
  registerEdit(account, cli);
  registerPassword(account, cli);
  registerRemove(account, cli);
  registerAppPassword(account, cli);
  registerTotp(account, cli);
  registerRelease(account, cli);
  examples(account, [
    'merpati account add rina@contoh.id',
    'merpati --lab account add tono@surat.test --password rahasia',
    'merpati account edit rina@contoh.id --quota 2G --pop leave-copy',
    'merpati account totp rina@contoh.id',
    'merpati account app-password add rina@contoh.id --label "Thunderbird"',
  ]);
}

function registerAdd(account: Command, cli: () => Cli): void {
  account
    .command('add <address>')
    .summary(
      say(
        'a new account; without a password a good one is made',
        'akun baru; tanpa kata sandi, dibuatkan',
      ),
    )
    .option(
      '--password <text>',
      say(
        'the password (others may see it in the process list)',
        'kata sandi (bisa terlihat di daftar proses)',
      ),
    )
    .option(
      '--password-file <file>',
      say(
        'file with the password, - for standard input',
        'berkas kata sandi, - untuk masukan baku',
      ),
    )
    .option(
      '--name <text>',
      say('name shown beside the address', 'nama yang tampil di samping alamat'),
    )
    .option('--quota <size>', say('room for mail, such as 2G', 'ruang untuk email, misalnya 2G'))
    .option('--pop <policy>', popWords())
    .action(
      async (
        address: string,
        given: EditOptions & { password?: string; passwordFile?: string },
      ) => {
        const what = say(`cannot add ${address}`, `tidak bisa menambah ${address}`);
        const password = given.password ?? (await readSecret(given.passwordFile));
        const added = await cli().call(what, 'account.add', {
          address,
          ...(password === undefined ? {} : { password }),
          ...(given.name === undefined ? {} : { displayName: given.name }),
          ...readQuota(what, given.quota),
          ...readPop(what, given.pop),
        });
        const { output } = cli();
        output.value('merpati.account.add/1', added, () => {
          output.line(
            say(`Added ${added.account.address}.`, `${added.account.address} ditambahkan.`),
          );
          if (added.password !== null) showPassword(cli(), added.password);
        });
      },
    );
}

function showPassword(cli: Cli, password: string): void {
  const label = say('Password', 'Kata sandi');
  const remark = say('(shown once, kept nowhere)', '(hanya ditampilkan sekali)');
  cli.output.line(
    `${label}: ${cli.output.paint.bold(password)}  ${cli.output.paint.muted(remark)}`,
  );
}

const columns = (): readonly Column<AccountView>[] => [
  { key: 'address', title: say('Address', 'Alamat'), cell: (one) => one.address },
  { key: 'displayName', title: say('Name', 'Nama'), cell: (one) => one.displayName, shrinks: true },
  {
    key: 'messages',
    title: say('Mail', 'Email'),
    cell: (one) => String(one.messages),
    right: true,
  },
  {
    key: 'usedBytes',
    title: say('Used', 'Terpakai'),
    cell: (one) => bytes(one.usedBytes),
    right: true,
  },
  {
    key: 'quotaBytes',
    title: say('Quota', 'Kuota'),
    cell: (one) => (one.quotaBytes === null ? '–' : bytes(one.quotaBytes)),
    right: true,
  },
  { key: 'state', title: say('State', 'Keadaan'), cell: (one) => stateWord(one.state) },
];

const stateWord = (state: 'active' | 'disabled') =>
  state === 'active' ? say('active', 'aktif') : say('disabled', 'nonaktif');

function registerList(account: Command, cli: () => Cli): void {
  account
    .command('list')
    .summary(say('all accounts', 'semua akun'))
    .option('--domain <name>', say('only of this domain', 'hanya dari domain ini'))
    .action(async (given: { domain?: string }) => {
      const command = ownCommand(cli().globals.lab);
      const what = say('cannot list accounts', 'tidak bisa mendaftar akun');
      const rows = await cli().call(what, 'account.list', given);
      const none = say(
        `No accounts yet. Add one with: ${command} account add NAME@DOMAIN`,
        `Belum ada akun. Tambahkan dengan: ${command} account add NAMA@DOMAIN`,
      );
      cli().output.list('merpati.account.list/1', rows, columns(), none);
    });
}

function registerShow(account: Command, cli: () => Cli): void {
  account
    .command('show <address>')
    .summary(
      say(
        'one account with folders and app passwords',
        'satu akun dengan folder dan sandi aplikasinya',
      ),
    )
    .action(async (address: string) => {
      const what = say(`cannot show ${address}`, `tidak bisa menampilkan ${address}`);
      const shown = await cli().call(what, 'account.show', { address });
      const { output } = cli();
      output.value('merpati.account.show/1', shown, () => {
        const one = shown.account;
        const line = (label: string, value: string) => output.line(`${label.padEnd(16)} ${value}`);
        line(say('Address', 'Alamat'), one.address);
        if (one.displayName !== '') line(say('Name', 'Nama'), one.displayName);
        line(say('State', 'Keadaan'), stateWord(one.state));
        const quota = one.quotaBytes === null ? '' : ` / ${bytes(one.quotaBytes)}`;
        line(say('Mail', 'Email'), `${one.messages}, ${bytes(one.usedBytes)}${quota}`);
        line('POP3', popSentence(one));
        line(say('Sent today', 'Terkirim hari ini'), sentSentence(shown));
        if (shown.aliases.length > 0) line('Alias', shown.aliases.join(', '));
        for (const box of shown.mailboxes) {
          line(
            box.name,
            say(`${box.total}, ${box.unseen} unread`, `${box.total}, ${box.unseen} belum dibaca`),
          );
        }
        if (shown.paused !== null) {
          line(say('Sending', 'Pengiriman'), say('paused', 'dihentikan sementara'));
        }
        if (shown.secondFactor) line(say('Second factor', 'Faktor kedua'), say('on', 'aktif'));
        for (const app of shown.appPasswords) {
          const used =
            app.lastUsedMs === null ? say('never used', 'belum dipakai') : when(app.lastUsedMs);
          const from =
            app.lastUse === null ? '' : ` ${app.lastUse.protocol} ${app.lastUse.address}`;
          line(say('App password', 'Sandi aplikasi'), `${app.id}  ${app.label}  ${used}${from}`);
        }
      });
    });
}

function sentSentence({ account, sentToday }: AccountShown): string {
  const { messagesPerDay, newRecipientsPerDay } = account.limitsNow;
  const own = Object.values(account.limits).some((limit) => limit !== null);
  const whose = own ? say(' (limits of its own)', ' (batas sendiri)') : '';
  const { messages, newRecipients } = sentToday;
  const of = say('of', 'dari');
  const people = say('new recipients', 'penerima baru');
  const mail = `${messages} ${of} ${messagesPerDay}`;
  return `${mail}, ${newRecipients} ${of} ${newRecipientsPerDay} ${people}${whose}`;
}

function popSentence(one: AccountView): string {
  return one.pop.policy === 'leave-copy'
    ? say('leaves a copy, whatever the device deletes', 'selalu menyisakan salinan')
    : say(
        `what a device deletes can be restored for ${one.pop.keepDays} days`,
        `yang dihapus perangkat bisa dikembalikan selama ${one.pop.keepDays} hari`,
      );
}

interface EditOptions {
  readonly name?: string;
  readonly quota?: string;
  readonly pop?: string;
  readonly popKeepDays?: string;
  readonly messagesPerDay?: string;
  readonly newRecipientsPerDay?: string;
  readonly hideClientAddress?: boolean;
  readonly disable?: boolean;
  readonly enable?: boolean;
}

const popWords = () =>
  say('what POP3 may delete: hide or leave-copy', 'yang boleh dihapus POP3: hide atau leave-copy');

function registerEdit(account: Command, cli: () => Cli): void {
  account
    .command('edit <address>')
    .summary(say('change an account', 'ubah akun'))
    .option(
      '--name <text>',
      say('name shown beside the address', 'nama yang tampil di samping alamat'),
    )
    .option(
      '--quota <size>',
      say(
        'room for mail, such as 2G; none for no limit',
        'ruang untuk email, misalnya 2G; none tanpa batas',
      ),
    )
    .option('--pop <policy>', popWords())
    .option(
      '--pop-keep-days <n>',
      say('how long it can be restored', 'berapa hari bisa dikembalikan'),
    )
    .option(
      '--messages-per-day <n>',
      say(
        'messages it may send in a day; default: as configured',
        'email yang boleh dikirim sehari; default: sesuai konfigurasi',
      ),
    )
    .option(
      '--new-recipients-per-day <n>',
      say('people written to for the first time', 'penerima yang baru pertama kali'),
    )
    .option(
      '--hide-client-address',
      say(
        "keep the device's address out of Received",
        'alamat perangkat tidak ditulis di Received',
      ),
    )
    .option('--no-hide-client-address', say('write it', 'alamat perangkat ditulis'))
    .option(
      '--disable',
      say(
        'no login, no new mail; nothing is lost',
        'tidak bisa masuk atau menerima; tidak ada yang hilang',
      ),
    )
    .option('--enable', say('active again', 'aktif kembali'))
    .action(async (address: string, given: EditOptions) => {
      const what = say(`cannot change ${address}`, `tidak bisa mengubah ${address}`);
      const state = given.disable === true ? 'disabled' : given.enable === true ? 'active' : null;
      const changed = await cli().call(what, 'account.edit', {
        address,
        ...(given.name === undefined ? {} : { displayName: given.name }),
        ...readQuota(what, given.quota),
        ...readPop(what, given.pop),
        ...readCount(what, 'popKeepDays', given.popKeepDays),
        ...readLimit(what, 'messagesPerDay', given.messagesPerDay),
        ...readLimit(what, 'newRecipientsPerDay', given.newRecipientsPerDay),
        ...(given.hideClientAddress === undefined
          ? {}
          : { hideClientAddress: given.hideClientAddress }),
        ...(state === null ? {} : { state }),
      });
      const { output } = cli();
      output.value('merpati.account.edit/1', { account: changed }, () => {
        output.line(say(`Changed ${changed.address}.`, `${changed.address} diubah.`));
      });
    });
}

function readQuota(what: string, text: string | undefined): { quotaBytes?: number | null } {
  if (text === undefined) return {};
  if (text === 'none') return { quotaBytes: null };
  const quotaBytes = readBytes(text);
  if (quotaBytes !== null) return { quotaBytes };
  throw usage(what, say(`"${text}" is no size`, `"${text}" bukan ukuran`), '--quota 2G');
}

function readPop(what: string, text: string | undefined): { popPolicy?: 'hide' | 'leave-copy' } {
  if (text === undefined) return {};
  if (text === 'hide' || text === 'leave-copy') return { popPolicy: text };
  throw usage(
    what,
    say(`"${text}" is no policy`, `"${text}" bukan pilihan`),
    '--pop hide | leave-copy',
  );
}

function readCount<K extends string>(
  what: string,
  key: K,
  text: string | undefined,
): Partial<Record<K, number>> {
  if (text === undefined) return {};
  if (/^\d{1,9}$/.test(text)) return { [key]: Number(text) } as Partial<Record<K, number>>;
  throw usage(what, say(`"${text}" is no number`, `"${text}" bukan angka`));
}

function readLimit<K extends string>(
  what: string,
  key: K,
  text: string | undefined,
): Partial<Record<K, number | null>> {
  if (text === 'default') return { [key]: null } as Partial<Record<K, null>>;
  return readCount(what, key, text);
}

function registerPassword(account: Command, cli: () => Cli): void {
  account
    .command('password <address>')
    .summary(
      say(
        'a new password; without one a good one is made',
        'kata sandi baru; kalau kosong, dibuatkan',
      ),
    )
    .option('--password <text>', say('the password', 'kata sandi'))
    .option(
      '--password-file <file>',
      say(
        'file with the password, - for standard input',
        'berkas kata sandi, - untuk masukan baku',
      ),
    )
    .action(async (address: string, given: { password?: string; passwordFile?: string }) => {
      const what = say(
        `cannot change the password of ${address}`,
        `tidak bisa mengganti kata sandi ${address}`,
      );
      const password = given.password ?? (await readSecret(given.passwordFile));
      const changed = await cli().call(what, 'account.password', {
        address,
        ...(password === undefined ? {} : { password }),
      });
      const { output } = cli();
      output.value('merpati.account.password/1', changed, () => {
        output.line(
          say(`New password for ${changed.address}.`, `Kata sandi baru untuk ${changed.address}.`),
        );
        if (changed.password !== null) showPassword(cli(), changed.password);
      });
    });
}

function registerRemove(account: Command, cli: () => Cli): void {
  account
    .command('remove <address>')
    .summary(say('remove an account with all its mail', 'hapus akun beserta semua emailnya'))
    .action(async (address: string) => {
      const what = say(`cannot remove ${address}`, `tidak bisa menghapus ${address}`);
      const { output, globals } = cli();
      const found = await cli().call(what, 'account.remove', { address, dryRun: true });
      const mail = say(
        `${found.address} with ${found.messages} messages (${bytes(found.usedBytes)})`,
        `${found.address} dengan ${found.messages} email (${bytes(found.usedBytes)})`,
      );
      if (!globals.dryRun) {
        await cli().confirm(
          what,
          say(`Remove ${mail} for good?`, `Hapus ${mail} untuk selamanya?`),
        );
        await cli().call(what, 'account.remove', { address });
      }
      output.value('merpati.account.remove/1', { account: found, dryRun: globals.dryRun }, () => {
        output.line(
          globals.dryRun
            ? say(`Would remove ${mail}.`, `Akan menghapus ${mail}.`)
            : say(`Removed ${mail}.`, `${mail} dihapus.`),
        );
      });
    });
}

function registerAppPassword(account: Command, cli: () => Cli): void {
  const app = account
    .command('app-password')
    .summary(say('passwords for single programs', 'kata sandi untuk satu program'))
    .helpCommand(false);
  app
    .command('add <address>')
    .summary(say('make one; it is shown once', 'buat satu; hanya ditampilkan sekali'))
    .requiredOption(
      '--label <text>',
      say('for which program or device', 'untuk program atau perangkat apa'),
    )
    .action(async (address: string, given: { label: string }) => {
      const what = say(
        `cannot add an app password for ${address}`,
        `tidak bisa menambah sandi aplikasi ${address}`,
      );
      const added = await cli().call(what, 'app-password.add', { address, label: given.label });
      cli().output.value('merpati.app-password.add/1', added, () =>
        showPassword(cli(), added.password),
      );
    });
  app
    .command('remove <address> <id>')
    .summary(say('take one back', 'cabut satu'))
    .action(async (address: string, id: string) => {
      const what = say(
        `cannot remove app password ${id}`,
        `tidak bisa mencabut sandi aplikasi ${id}`,
      );
      const removed = await cli().call(what, 'app-password.remove', { address, id: Number(id) });
      const { output } = cli();
      output.value('merpati.app-password.remove/1', removed, () => {
        output.line(say(`Removed app password ${id}.`, `Sandi aplikasi ${id} dicabut.`));
      });
    });
}
