/** `merpati journey [ID | --last]`, `search`, `tail`: the way of a message, step by step. */

import type { Command } from 'commander';
import { localOffsetMinutes } from '../../journey/figures.ts';
import {
  renderEvent,
  renderJourney,
  verdictMark,
  verdictOf,
  verdictText,
  type RenderOptions,
} from '../../journey/render.ts';
import type { JourneyView } from '../../journey/view.ts';
import type { Cli } from '../cli.ts';
import { Failure } from '../failure.ts';
import { when } from '../figures.ts';
import { examples } from '../help.ts';
import { language, say } from '../language.ts';
import { ownCommand } from '../own-command.ts';
import type { Column } from '../output.ts';

interface ShowOptions {
  readonly last?: boolean;
  readonly as?: string;
  readonly dialogue?: boolean;
  readonly watch?: boolean;
}

export function register(journey: Command, cli: () => Cli): void {
  journey
    .helpCommand(false)
    .argument('[id]', say('the first letters of its id', 'huruf awal id-nya'))
    .option('--last', say('the latest message (the default)', 'email terakhir (bawaan)'))
    .option('--as <address>', say('as this account may see it', 'sejauh boleh dilihat akun ini'))
    .option('--dialogue', say('with what the servers said', 'dengan percakapan antar-server'))
    .action(async (id: string | undefined, given: ShowOptions) => showJourney(cli(), id, given));
  registerSearch(journey, cli);
  registerTail(journey, cli);
  examples(journey, [
    'merpati journey',
    'merpati journey q7f3 --dialogue',
    'merpati journey search rina@contoh.id',
    'merpati journey tail --rcpt @gmail.com',
  ]);
}

export function renderOptions(cli: Cli, dialogue = false): RenderOptions {
  const { output } = cli;
  return {
    language: language(),
    paint: output.paint,
    columns: output.isTerminal ? output.columns : null,
    offsetMinutes: localOffsetMinutes(Date.now()),
    nowMs: Date.now(),
    dialogue,
    command: ownCommand(cli.globals.lab),
  };
}

async function showJourney(cli: Cli, id: string | undefined, given: ShowOptions): Promise<void> {
  const what = say('cannot show the journey', 'tidak bisa menampilkan perjalanan');
  const asked = given.last === true ? null : (id ?? null);
  const as = given.as === undefined ? {} : { as: given.as };
  const view = await cli.call(what, 'journey.show', { id: asked, ...as });
  if (cli.globals.json) {
    for (const event of view.events) cli.output.json('merpati.journey.event/1', event);
    return;
  }
  for (const line of renderJourney(view, renderOptions(cli, given.dialogue === true))) {
    cli.output.line(line);
  }
}

const columns = (cli: Cli): readonly Column<JourneyView>[] => {
  const options = renderOptions(cli);
  return [
    { key: 'id', title: 'Id', cell: (one) => one.head.id },
    { key: 'at', title: say('Started', 'Mulai'), cell: (one) => when(one.head.startedUs / 1000) },
    {
      key: 'from',
      title: say('From', 'Dari'),
      cell: (one) => one.head.sender || '<>',
      shrinks: true,
    },
    {
      key: 'to',
      title: say('To', 'Kepada'),
      cell: (one) => one.head.recipients.join(', '),
      shrinks: true,
    },
    {
      key: 'verdict',
      title: say('Where it is', 'Sampai di mana'),
      cell: (one) => {
        const verdict = verdictOf(one);
        return `${verdictMark(verdict)} ${verdictText(verdict, options)}`;
      },
      shrinks: true,
    },
  ];
};

function registerSearch(journey: Command, cli: () => Cli): void {
  journey
    .command('search [text]')
    .summary(
      say('the latest, by address or message id', 'yang terbaru, menurut alamat atau id pesan'),
    )
    .option('--as <address>', say('only of this account', 'hanya milik akun ini'))
    .option('--limit <n>', say('at most so many', 'paling banyak sekian'), '20')
    .action(async (text: string | undefined, _own: object, command: Command) => {
      // `--as` is an option of `journey` too, and commander gives it to that one wherever it
      // stands. To miss it here would show everything to everybody.
      const given = command.optsWithGlobals<{ as?: string; limit: string }>();
      const what = say('cannot search journeys', 'tidak bisa mencari perjalanan');
      const rows = await cli().call(what, 'journey.search', {
        ...(text === undefined ? {} : { text }),
        ...(given.as === undefined ? {} : { as: given.as }),
        limit: Number(given.limit),
      });
      const none = say('No journeys match.', 'Tidak ada perjalanan yang cocok.');
      if (cli().globals.json) {
        const items = rows.map((row) => ({ ...row.head, verdict: verdictOf(row).kind }));
        cli().output.json('merpati.journey.search/1', { items });
        return;
      }
      cli().output.list('merpati.journey.search/1', rows, columns(cli()), none);
    });
}

function registerTail(journey: Command, cli: () => Cli): void {
  journey
    .command('tail [id]')
    .summary(say('events as they happen', 'kejadian saat terjadi'))
    .option(
      '--rcpt <text>',
      say('only recipients that contain this', 'hanya penerima yang memuat ini'),
    )
    .option('--as <address>', say('as this account may see it', 'sejauh boleh dilihat akun ini'))
    .option('--dialogue', say('with what the servers said', 'dengan percakapan antar-server'))
    .action(async (id: string | undefined, _own: object, command: Command) => {
      // See `search`.
      const given = command.optsWithGlobals<{ rcpt?: string; as?: string; dialogue?: boolean }>();
      const what = say('cannot follow journeys', 'tidak bisa mengikuti perjalanan');
      if (cli().globals.dryRun) return;
      const input = {
        ...(id === undefined ? {} : { id }),
        ...(given.rcpt === undefined ? {} : { rcpt: given.rcpt }),
        ...(given.as === undefined ? {} : { as: given.as }),
      };
      const gone = new AbortController();
      process.once('SIGINT', () => gone.abort());
      const { output } = cli();
      const options = renderOptions(cli(), given.dialogue === true);
      let previousUs: number | null = null;
      for await (const event of cli().stream({ what, name: 'journey.tail', input }, gone.signal)) {
        if (output.globals.json) {
          output.json('merpati.journey.event/1', event);
          continue;
        }
        for (const line of renderEvent(
          event,
          { previousUs, named: id === undefined, tellsRcpt: true },
          options,
        )) {
          output.line(line);
        }
        previousUs = event.atUs;
      }
      if (gone.signal.aborted) return;
      throw new Failure('journey.cut', 'failed', {
        what,
        why: say('the server has gone', 'server sudah berhenti'),
      });
    });
}
