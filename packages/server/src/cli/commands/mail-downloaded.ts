/** `merpati mail downloaded` and `restore`: what POP3 devices took away, and bringing it back. */

import type { Command } from 'commander';
import type { DownloadedView } from '../../admin/operations/mail-downloaded.ts';
import type { Cli } from '../cli.ts';
import { usage } from '../failure.ts';
import { when } from '../figures.ts';
import { say } from '../language.ts';
import { chooseAccount } from '../mail-account.ts';
import type { Column } from '../output.ts';

const columns = (): readonly Column<DownloadedView>[] => [
  { key: 'email', title: 'Id', cell: (one) => String(one.email), right: true },
  { key: 'from', title: say('From', 'Dari'), cell: (one) => one.message.from, shrinks: true },
  {
    key: 'subject',
    title: say('Subject', 'Subjek'),
    cell: (one) => one.message.subject,
    shrinks: true,
  },
  { key: 'device', title: say('Device', 'Perangkat'), cell: (one) => one.device, shrinks: true },
  { key: 'address', title: say('Address', 'Alamat'), cell: (one) => one.address },
  { key: 'atMs', title: say('Taken', 'Diambil'), cell: (one) => when(one.atMs) },
  {
    key: 'keepUntilMs',
    title: say('Kept until', 'Disimpan sampai'),
    cell: (one) => when(one.keepUntilMs),
  },
];

export function registerDownloaded(mail: Command, cli: () => Cli): void {
  mail
    .command('downloaded')
    .summary(
      say(
        'what POP3 devices took away and can be restored',
        'yang diambil perangkat POP3 dan bisa dikembalikan',
      ),
    )
    .option('--as <address>', say('whose mail', 'email siapa'))
    .action(async (given: { as?: string }) => {
      const what = say('cannot list downloaded mail', 'tidak bisa menampilkan email yang diunduh');
      const address = await chooseAccount(cli(), what, given.as);
      const rows = await cli().call(what, 'mail.downloaded', { address });
      const none = say('Nothing was taken away.', 'Tidak ada yang diambil.');
      cli().output.list('merpati.mail.downloaded/1', rows, columns(), none);
    });
  mail
    .command('restore [id...]')
    .summary(say('bring it back into the inbox', 'kembalikan ke kotak masuk'))
    .option('--as <address>', say('whose mail', 'email siapa'))
    .option('--all', say('everything', 'semuanya'))
    .action(async (ids: string[], given: { as?: string; all?: boolean }) => {
      const what = say('cannot restore mail', 'tidak bisa mengembalikan email');
      const numbers = ids.map(Number);
      if ((ids.length === 0) !== (given.all === true) || numbers.some((one) => !(one > 0))) {
        const why = say('nothing says which mail is meant', 'belum jelas email yang mana');
        throw usage(what, why, say('Give ids or --all.', 'Beri id atau --all.'));
      }
      const address = await chooseAccount(cli(), what, given.as);
      const emails = given.all === true ? ('all' as const) : numbers;
      const { output, globals } = cli();
      if (globals.dryRun) {
        const rows = await cli().call(what, 'mail.downloaded', { address });
        const meant = rows.filter((row) => emails === 'all' || emails.includes(row.email));
        output.list('merpati.mail.restore/1', meant, columns(), '');
        return;
      }
      const done = await cli().call(what, 'mail.restore', { address, emails });
      output.value('merpati.mail.restore/1', done, () => {
        output.line(
          say(
            `${done.restored} restored to the inbox.`,
            `${done.restored} dikembalikan ke kotak masuk.`,
          ),
        );
      });
    });
}
