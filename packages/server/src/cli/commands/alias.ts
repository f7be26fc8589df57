/** `merpati alias …`: addresses that lead to others. */

import type { Command } from 'commander';
import type { AliasView } from '../../admin/operations/alias-list.ts';
import type { Cli } from '../cli.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import type { Column } from '../output.ts';

const columns = (): readonly Column<AliasView>[] => [
  { key: 'address', title: say('Address', 'Alamat'), cell: (one) => one.address },
  {
    key: 'targets',
    title: say('Leads to', 'Menuju'),
    cell: (one) => one.targets.join(', '),
    shrinks: true,
  },
];

const circleText = (way: string): string =>
  say(
    `It leads back to itself: ${way}. Mail gets out of the circle only by other targets.`,
    `Alias ini kembali ke dirinya sendiri: ${way}. Email hanya keluar lewat tujuan lain.`,
  );

export function register(alias: Command, cli: () => Cli): void {
  alias.helpCommand(false);
  for (const mode of ['add', 'set'] as const) {
    alias
      .command(`${mode} <address> <target...>`)
      .summary(
        mode === 'add'
          ? say('a new alias for one or more addresses', 'alias baru untuk satu alamat atau lebih')
          : say('replace the targets of an alias', 'ganti tujuan alias'),
      )
      .action(async (address: string, targets: string[]) => {
        const what = say(`cannot set ${address}`, `tidak bisa mengatur ${address}`);
        const put = await cli().call(what, 'alias.put', { address, targets, mode });
        const { output } = cli();
        output.value('merpati.alias.put/1', { alias: put }, () => {
          output.line(`${put.address} → ${put.targets.join(', ')}`);
        });
        if (put.circle !== null) output.note(circleText(put.circle.join(' → ')));
      });
  }
  alias
    .command('list')
    .summary(say('all aliases', 'semua alias'))
    .action(async () => {
      const what = say('cannot list aliases', 'tidak bisa mendaftar alias');
      const rows = await cli().call(what, 'alias.list', {});
      const none = say('No aliases.', 'Tidak ada alias.');
      cli().output.list('merpati.alias.list/1', rows, columns(), none);
    });
  alias
    .command('remove <address>')
    .summary(say('remove an alias; its targets stay', 'hapus alias; tujuannya tetap ada'))
    .action(async (address: string) => {
      const what = say(`cannot remove ${address}`, `tidak bisa menghapus ${address}`);
      const { output, globals } = cli();
      await cli().call(what, 'alias.remove', { address, dryRun: true });
      if (!globals.dryRun) {
        await cli().confirm(what, say(`Remove the alias ${address}?`, `Hapus alias ${address}?`));
        await cli().call(what, 'alias.remove', { address });
      }
      output.value('merpati.alias.remove/1', { address, dryRun: globals.dryRun }, () => {
        output.line(
          globals.dryRun
            ? say(`Would remove ${address}.`, `Akan menghapus ${address}.`)
            : say(`Removed ${address}.`, `${address} dihapus.`),
        );
      });
    });
  examples(alias, [
    'merpati alias add info@contoh.id rina@contoh.id tono@lain.id',
    'merpati alias list --json',
  ]);
}
