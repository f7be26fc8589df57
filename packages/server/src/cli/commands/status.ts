/** `merpati status`: what runs and where it listens. */

import type { Command } from 'commander';
import type { ServerStatus } from '../../admin/operations/server-status.ts';
import type { Cli } from '../cli.ts';
import { duration } from '../figures.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';

export function register(status: Command, cli: () => Cli): void {
  status.action(async () => {
    const what = say('cannot ask for the status', 'tidak bisa menanyakan keadaan');
    const found = await cli().call(what, 'server.status', {});
    cli().output.value('merpati.status/1', found, () => show(cli(), found));
  });
  examples(status, ['merpati status', 'merpati --lab status --json']);
}

function show(cli: Cli, found: ServerStatus): void {
  const { output } = cli;
  const { paint } = output;
  if (found.startedMs === null) {
    const text = say(
      'No server runs; the store was opened directly.',
      'Tidak ada server; penyimpanan dibuka langsung.',
    );
    output.line(`${paint.warn('▲')} ${text}`);
  } else {
    const since = duration(Date.now() - found.startedMs);
    const text = say(`running for ${since}`, `berjalan ${since}`);
    output.line(`${paint.ok('✓')} merpati ${found.version ?? ''}, ${text}`);
  }
  for (const home of found.homes) {
    output.line('');
    output.line(paint.bold(home.hostname || say('(no host name)', '(tanpa nama host)')));
    const line = (label: string, value: string) => output.line(`  ${label.padEnd(12)} ${value}`);
    line(say('domains', 'domain'), home.domains.join(', ') || '–');
    for (const [service, addresses] of Object.entries(home.listen)) {
      if (addresses.length > 0) line(service, addresses.join(', '));
    }
    const { waiting, held } = home.queue;
    line(
      say('queue', 'antrean'),
      say(`${waiting} waiting, ${held} held`, `${waiting} menunggu, ${held} ditahan`),
    );
    line('data', home.folder);
  }
  for (const { fault, where } of found.lab?.faults ?? []) {
    output.line(`${paint.warn('▲')} ${say('fault', 'gangguan')} ${fault}: ${where}`);
  }
}
