/** `merpati queue …`: mail that waits to be sent on. All verbs but `list` take the same filters. */

import type { Command } from 'commander';
import type { QueueFilterInput, QueueView } from '../../admin/queue-place.ts';
import type { Cli } from '../cli.ts';
import { Failure, usage } from '../failure.ts';
import { readSeconds, when } from '../figures.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import type { Column } from '../output.ts';

type Verb = 'hold' | 'release' | 'retry' | 'reroute' | 'cancel' | 'bounce';

interface Filters {
  readonly toDomain?: string;
  readonly to?: string;
  readonly from?: string;
  readonly older?: string;
  readonly state?: string;
  readonly server?: string;
  readonly all?: boolean;
}

const stateOf = (one: QueueView): string => {
  if (one.busy) return say('sending', 'dikirim');
  if (one.state === 'held') return say('held', 'ditahan');
  return say('waiting', 'menunggu');
};

const columns = (): readonly Column<QueueView>[] => [
  { key: 'id', title: 'Id', cell: (one) => one.id, right: true },
  { key: 'journey', title: say('Journey', 'Perjalanan'), cell: (one) => one.journey },
  { key: 'sender', title: say('From', 'Dari'), cell: (one) => one.sender || '<>', shrinks: true },
  { key: 'recipient', title: say('To', 'Kepada'), cell: (one) => one.recipient, shrinks: true },
  { key: 'state', title: say('State', 'Keadaan'), cell: stateOf },
  {
    key: 'attempts',
    title: say('Tries', 'Coba'),
    cell: (one) => String(one.attempts),
    right: true,
  },
  {
    key: 'dueMs',
    title: say('Next', 'Berikut'),
    cell: (one) => (one.state === 'held' ? '–' : when(one.dueMs)),
  },
  {
    key: 'lastReply',
    title: say('Last word', 'Kata terakhir'),
    cell: (one) => one.lastReply ?? '–',
    shrinks: true,
  },
];

export function register(queue: Command, cli: () => Cli): void {
  queue.helpCommand(false);
  registerList(queue, cli);
  registerVerb(queue, 'retry', say('try now, whatever the plan says', 'coba sekarang juga'), cli);
  registerVerb(queue, 'hold', say('keep back until released', 'tahan sampai dilepas'), cli);
  registerVerb(queue, 'release', say('let go what is held', 'lepas yang ditahan'), cli);
  registerVerb(
    queue,
    'bounce',
    say('give up and tell the sender', 'menyerah dan kabari pengirim'),
    cli,
  );
  registerVerb(
    queue,
    'cancel',
    say('take out without a word to the sender', 'keluarkan tanpa kabar ke pengirim'),
    cli,
  );
  const reroute = say(
    'send by another way: HOST[:PORT], or MX for the usual one',
    'kirim lewat jalan lain: HOST[:PORT], atau MX seperti biasa',
  );
  registerVerb(queue, 'reroute', reroute, cli);
  examples(queue, [
    'merpati queue list',
    'merpati queue retry --to-domain surat.test',
    'merpati queue hold --older 1h --dry-run',
    'merpati queue reroute 17 --route smarthost.contoh.id:587',
  ]);
}

function addFilters(command: Command): Command {
  return command
    .option('--to-domain <name>', say('to this domain', 'ke domain ini'))
    .option('--to <address>', say('to this address', 'ke alamat ini'))
    .option('--from <address>', say('from this address', 'dari alamat ini'))
    .option(
      '--older <time>',
      say('waiting longer than 10m, 2h, 3d', 'menunggu lebih dari 10m, 2h, 3d'),
    )
    .option('--state <state>', say('waiting or held', 'waiting atau held'))
    .option('--server <host>', say('in a lab: of this server', 'di lab: dari server ini'));
}

function readFilters(what: string, ids: readonly string[], given: Filters): QueueFilterInput {
  const seconds = given.older === undefined ? undefined : readSeconds(given.older);
  if (seconds === null) {
    throw usage(
      what,
      say(`"${given.older}" is no time`, `"${given.older}" bukan waktu`),
      '--older 1h',
    );
  }
  const { state } = given;
  if (state !== undefined && state !== 'waiting' && state !== 'held') {
    throw usage(
      what,
      say(`"${state}" is no state`, `"${state}" bukan keadaan`),
      '--state waiting | held',
    );
  }
  return {
    ...(ids.length === 0 ? {} : { ids: [...ids] }),
    ...(given.toDomain === undefined ? {} : { toDomain: given.toDomain }),
    ...(given.to === undefined ? {} : { recipient: given.to }),
    ...(given.from === undefined ? {} : { sender: given.from }),
    ...(seconds === undefined ? {} : { olderThanS: seconds }),
    ...(state === undefined ? {} : { state }),
    ...(given.server === undefined ? {} : { server: given.server }),
  };
}

function registerList(queue: Command, cli: () => Cli): void {
  addFilters(queue.command('list'))
    .summary(say('what waits, the next first', 'yang menunggu, yang berikutnya dulu'))
    .option('--limit <n>', say('at most so many', 'paling banyak sekian'), '200')
    .action(async (given: Filters & { limit: string }) => {
      const what = say('cannot list the queue', 'tidak bisa menampilkan antrean');
      const limit = Number(given.limit);
      const input = { ...readFilters(what, [], given), limit };
      const listed = await cli().call(what, 'queue.list', input);
      const { output } = cli();
      const none = say('The queue is empty.', 'Antrean kosong.');
      output.list('merpati.queue.list/1', listed.rows, columns(), none);
      const more = listed.waiting + listed.held - listed.rows.length;
      if (more > 0 && output.isTerminal) {
        output.note(say(`${more} more are not shown`, `${more} lagi tidak ditampilkan`));
      }
    });
}

function registerVerb(queue: Command, verb: Verb, summary: string, cli: () => Cli): void {
  const command = addFilters(queue.command(`${verb} [id...]`))
    .summary(summary)
    .option('--all', say('everything in the queue', 'semua di antrean'));
  if (verb === 'reroute') {
    command.requiredOption(
      '--route <way>',
      say('HOST, HOST:PORT or MX', 'HOST, HOST:PORT, atau MX'),
    );
  }
  command.action(async (ids: string[], given: Filters & { route?: string }) => {
    const what = say(
      `cannot ${verb} mail in the queue`,
      `tidak bisa menjalankan ${verb} di antrean`,
    );
    const filters = readFilters(what, ids, given);
    if (Object.keys(filters).length === 0 && given.all !== true) {
      const why = say('nothing says which mail is meant', 'belum jelas email yang mana');
      throw usage(
        what,
        why,
        say('Give ids, a filter, or --all.', 'Beri id, saringan, atau --all.'),
      );
    }
    const route = given.route === undefined || /^mx$/i.test(given.route) ? null : given.route;
    await runVerb(cli(), what, { ...filters, verb, route });
  });
}

async function runVerb(
  cli: Cli,
  what: string,
  input: QueueFilterInput & { readonly verb: Verb; readonly route: string | null },
): Promise<void> {
  const { output, globals } = cli;
  const { verb } = input;
  const found = await cli.call(what, 'queue.edit', { ...input, dryRun: true });
  if (found.rows.length === 0) {
    const next = say(
      'merpati queue list shows what is there.',
      'merpati queue list menampilkan isinya.',
    );
    const why = say('nothing in the queue matches', 'tidak ada yang cocok di antrean');
    throw new Failure('queue.nothing', 'notFound', { what, why, next });
  }
  if (globals.dryRun) {
    output.list('merpati.queue.edit/1', found.rows, columns(), '');
    output.note(say(`Would ${verb} ${found.rows.length}.`, `${verb}: ${found.rows.length} email.`));
    return;
  }
  if (verb === 'cancel' || verb === 'bounce') {
    const count = found.rows.length;
    await cli.confirm(
      what,
      say(`${verb} ${count} in the queue?`, `${verb} ${count} email di antrean?`),
    );
  }
  const edited = await cli.call(what, 'queue.edit', input);
  output.value('merpati.queue.edit/1', { changed: edited.changed, items: edited.rows }, () => {
    output.line(say(`${verb}: ${edited.changed} done.`, `${verb}: ${edited.changed} selesai.`));
  });
}
