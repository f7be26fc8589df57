/** `merpati domain keys DOMAIN [list|rotate|activate]`. */

import type { Command } from 'commander';
import type { KeyView } from '../admin/operations/domain-keys.ts';
import type { GenerationState } from '../signing/keys.ts';
import type { Cli } from './cli.ts';
import { usage } from './failure.ts';
import { when } from './figures.ts';
import { say } from './language.ts';
import type { Column } from './output.ts';
import { ownCommand } from './own-command.ts';

const actions = ['list', 'rotate', 'activate'] as const;
type Action = (typeof actions)[number];

export function registerKeys(domain: Command, cli: () => Cli): void {
  domain
    .command('keys <name> [action]')
    .summary(
      say(
        'the DKIM keys: list, rotate (new ones), activate (use them unseen)',
        'kunci DKIM: list, rotate (kunci baru), activate (pakai tanpa menunggu)',
      ),
    )
    .action(async (name: string, given: string | undefined) => {
      const what = say(`cannot handle the keys of ${name}`, `tidak bisa mengurus kunci ${name}`);
      const action = readAction(what, given ?? 'list');
      const keys = await cli().call(what, 'domain.keys', { name, action });
      const { output, globals } = cli();
      output.list('merpati.domain.keys/1', keys, columns(), noKeys(name));
      if (!keys.some(({ state }) => state === 'waiting')) return;
      const command = `${ownCommand(globals.lab)} domain dns ${name}`;
      output.note(
        say(
          `Keys that wait sign as soon as their records are in the DNS: ${command}`,
          `Kunci yang menunggu dipakai begitu catatannya ada di DNS: ${command}`,
        ),
      );
    });
}

function readAction(what: string, text: string): Action {
  const found = actions.find((one) => one === text);
  if (found !== undefined) return found;
  throw usage(
    what,
    say(`there is no action ${text}`, `tidak ada tindakan ${text}`),
    say(`There are ${actions.join(', ')}.`, `Yang ada: ${actions.join(', ')}.`),
  );
}

const noKeys = (name: string): string =>
  say(
    `${name} has no keys yet; make them: merpati domain keys ${name} rotate`,
    `${name} belum punya kunci; buat: merpati domain keys ${name} rotate`,
  );

function stateName(state: GenerationState): string {
  switch (state) {
    case 'waiting':
      return say('waits for the DNS', 'menunggu DNS');
    case 'signing':
      return say('signs', 'dipakai');
    case 'retired':
      return say('retired, keep the record', 'pensiun, catatannya tetap');
    case 'revoked':
      return say('revoked, record may go', 'dicabut, catatan boleh dihapus');
    default:
      return state satisfies never;
  }
}

const columns = (): readonly Column<KeyView>[] => [
  { key: 'selector', title: say('Selector', 'Selektor'), cell: (one) => one.selector },
  { key: 'algorithm', title: say('Algorithm', 'Algoritme'), cell: (one) => one.algorithm },
  { key: 'state', title: say('State', 'Keadaan'), cell: (one) => stateName(one.state) },
  { key: 'createdMs', title: say('Made', 'Dibuat'), cell: (one) => when(one.createdMs) },
  {
    key: 'keepUntilMs',
    title: say('Record until', 'Catatan sampai'),
    cell: (one) => (one.keepUntilMs === null ? '–' : when(one.keepUntilMs)),
  },
];
