/**
 * `merpati lab`: starts the lab, shows the way of a first message, and stays up; and its faults.
 */

import type { Command } from 'commander';
import type { LabFaultState } from '../../admin/lab-control.ts';
import { nearest } from '../../config/nearest.ts';
import { dnsFaults, homeFaults } from '../../admin/lab-control.ts';
import type { Cli } from '../cli.ts';
import { usage } from '../failure.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { ownCommand } from '../own-command.ts';
import type { Column } from '../output.ts';
import type { LabStart } from '../run-lab.ts';

export function register(lab: Command, cli: () => Cli): void {
  lab
    .helpCommand(false)
    .option(
      '--ports-from <n>',
      say(
        'move all ports: 12000 makes 12525 of 2525; free finds a block',
        'geser semua port: 12000 menjadikan 2525 12525; free mencari yang kosong',
      ),
    )
    .option(
      '--once',
      say('end when the first message has arrived', 'selesai setelah email pertama sampai'),
    )
    .option('--empty', say('send no first message', 'tanpa email pertama'))
    .option(
      '--address <ip>',
      say(
        'also listen there, for a phone in your network',
        'dengarkan juga di sana, untuk ponsel di jaringan Anda',
      ),
    )
    .action(async (given: LabStart) => {
      const { runLab } = await import('../run-lab.ts');
      await runLab(cli(), given);
    });
  registerFault(lab, cli);
  examples(lab, [
    'merpati lab',
    'merpati lab --data ./lab --ports-from 12000',
    'merpati lab fault greylist',
    'merpati lab fault down off --domain surat.test',
  ]);
}

const faultNames: readonly string[] = [...homeFaults, ...dnsFaults];

function registerFault(lab: Command, cli: () => Cli): void {
  lab
    .command('fault [name] [state]')
    .summary(
      say(
        'make something go wrong: on (default) or off',
        'buat sesuatu bermasalah: on (bawaan) atau off',
      ),
    )
    .option(
      '--domain <name>',
      say('whose server (default: surat.test)', 'server siapa (bawaan: surat.test)'),
    )
    .addHelpText('after', `\n${say('Faults', 'Gangguan')}: ${faultNames.join(', ')}`)
    .action(
      async (name: string | undefined, state: string | undefined, given: { domain?: string }) => {
        const what = say('cannot change the faults', 'tidak bisa mengubah gangguan');
        const fault = readFault(what, name);
        const on = readState(what, state);
        const connection = labCli(cli());
        const domain = given.domain === undefined ? {} : { domain: given.domain };
        const rows = await connection.call(what, 'lab.fault', { fault, on, ...domain });
        const { output } = cli();
        const none = say(
          'Everything works: no fault is on.',
          'Semua berfungsi: tidak ada gangguan.',
        );
        output.list('merpati.lab.fault/1', rows, columns(), none);
        if (fault !== null && !on && output.isTerminal) {
          const hint = `${ownCommand(true)} queue retry --all`;
          output.note(
            say(
              `What waits is tried again soon; at once: ${hint}`,
              `Yang menunggu segera dicoba lagi; sekarang juga: ${hint}`,
            ),
          );
        }
      },
    );
}

const columns = (): readonly Column<LabFaultState>[] => [
  { key: 'fault', title: say('Fault', 'Gangguan'), cell: (one) => one.fault },
  { key: 'where', title: say('Where', 'Di mana'), cell: (one) => one.where },
];

/** `merpati lab fault` means the running lab even without `--lab`. */
function labCli(cli: Cli): Cli {
  return cli.globals.data === null ? cli.withLab() : cli;
}

function readFault(what: string, name: string | undefined) {
  if (name === undefined) return null;
  const wanted = name.toLowerCase();
  const found = [...homeFaults, ...dnsFaults].find((one) => one === wanted);
  if (found !== undefined) return found;
  const near = nearest(wanted, faultNames);
  const why = say(`there is no fault "${name}"`, `tidak ada gangguan "${name}"`);
  const known = `${say('There are', 'Yang ada')}: ${faultNames.join(', ')}`;
  throw usage(
    what,
    why,
    near === null ? known : say(`Did you mean ${near}?`, `Maksud Anda ${near}?`),
  );
}

function readState(what: string, state: string | undefined): boolean {
  if (state === undefined || state === 'on') return true;
  if (state === 'off') return false;
  throw usage(what, say(`"${state}" is neither on nor off`, `"${state}" bukan on atau off`));
}
