/** `merpati store …`: is everything there, mend it, copy it. */

import path from 'node:path';
import type { Command } from 'commander';
import type { CheckFinding, CheckProgress, CheckReport } from '@merpati/store/contract.ts';
import type { SalvageReport } from '@merpati/store/sqlite/open.ts';
import type { RepairedStore } from '../../admin/operations/store-repair.ts';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { bytes } from '../figures.ts';
import { examples } from '../help.ts';
import { Failure } from '../failure.ts';
import { say } from '../language.ts';
import { ownCommand } from '../own-command.ts';
import type { Output } from '../output.ts';
import { clean } from '../../journey/screen.ts';
import { ProgressLine } from '../progress-line.ts';

export function register(store: Command, cli: () => Cli): void {
  store.helpCommand(false);
  registerCheck(store, cli);
  registerRepair(store, cli);
  registerReindex(store, cli);
  store
    .command('stats')
    .summary(say('sizes and counts', 'ukuran dan jumlah'))
    .action(async () => {
      const what = say('cannot read the store', 'tidak bisa membaca penyimpanan');
      const rows = await cli().call(what, 'store.stats', {});
      cli().output.list(
        'merpati.store.stats/1',
        rows,
        [
          { key: 'server', title: 'Server', cell: (one) => one.server },
          {
            key: 'databaseBytes',
            title: say('Database', 'Basis data'),
            cell: (one) => bytes(one.databaseBytes),
            right: true,
          },
          { key: 'walBytes', title: 'WAL', cell: (one) => bytes(one.walBytes), right: true },
          {
            key: 'segmentBytes',
            title: say('Mail', 'Email'),
            cell: (one) => bytes(one.segmentBytes),
            right: true,
          },
          {
            key: 'deadBytes',
            title: say('Unused', 'Tak terpakai'),
            cell: (one) => bytes(one.deadBytes),
            right: true,
          },
          {
            key: 'commits',
            title: say('Commits', 'Commit'),
            cell: (one) => String(one.commits),
            right: true,
          },
          { key: 'folder', title: 'Folder', cell: (one) => one.folder, shrinks: true },
        ],
        '',
      );
    });
  store
    .command('backup <folder>')
    .summary(say('a consistent copy into an empty folder', 'salinan utuh ke folder kosong'))
    .action(async (folder: string) => {
      const what = say(`cannot back up to ${folder}`, `tidak bisa mencadangkan ke ${folder}`);
      const made = await cli().call(what, 'store.backup', { folder: path.resolve(folder) });
      const { output } = cli();
      output.value('merpati.store.backup/1', made, () => {
        for (const one of made.folders) output.line(say(`Copied to ${one}`, `Disalin ke ${one}`));
      });
    });
  examples(store, ['merpati store check --deep', 'merpati store backup /backup/$(date +%F)']);
}

function registerCheck(store: Command, cli: () => Cli): void {
  store
    .command('check')
    .summary(
      say(
        'verify every count and reference (exit 8: problems)',
        'periksa setiap jumlah dan rujukan (keluar 8: ada masalah)',
      ),
    )
    .option(
      '--deep',
      say('also read and hash every message', 'juga baca dan cocokkan setiap email'),
    )
    .action(async (given: { deep?: boolean }) => {
      const { output } = cli();
      const what = say('cannot check the store', 'tidak bisa memeriksa penyimpanan');
      const line = new ProgressLine(output);
      const findings: (CheckFinding & { server: string })[] = [];
      const input = { deep: given.deep === true };
      await cli().connection().catch(asProblem);
      for await (const item of cli().stream({ what, name: 'store.check', input })) {
        if ('progress' in item) {
          line.show(progressText(item.progress), item.progress);
          continue;
        }
        line.clear();
        const { result } = item;
        findings.push(...result.findings.map((one) => ({ ...one, server: result.server })));
        output.value('merpati.store.check/1', result, () => {
          const mark = result.findings.length === 0 ? output.paint.ok('✓') : output.paint.bad('✕');
          output.line(`${mark} ${result.server}: ${countedText(result.counted)}`);
          for (const one of result.findings) showFinding(cli(), one);
        });
      }
      if (findings.length === 0) return;
      process.exitCode = exitCodes.problems;
      if (findings.some((one) => one.mendable)) {
        output.note(
          say(
            `Some of it can be mended: ${ownCommand(cli().globals.lab)} store repair`,
            `Sebagian bisa diperbaiki: ${ownCommand(cli().globals.lab)} store repair`,
          ),
        );
      }
    });
}

/** A store too damaged to be opened is what was asked about. */
function asProblem(error: unknown): never {
  if (!(error instanceof Failure) || error.code !== 'store.damaged') throw error;
  throw new Failure(error.code, 'problems', error.text);
}

function countedText({ messages, accounts, queued, bytes: size }: CheckReport['counted']): string {
  return say(
    `${bytes(size)}; messages ${messages}, accounts ${accounts}, queued ${queued}`,
    `${bytes(size)}; email ${messages}, akun ${accounts}, antrean ${queued}`,
  );
}

function showFinding(cli: Cli, one: CheckFinding): void {
  const { paint } = cli.output;
  const mark = one.severity === 'error' ? paint.bad('✕') : paint.warn('▲');
  cli.output.line(
    `  ${mark} ${clean(`${one.where}: ${one.message}`)} ${paint.muted(`[${one.code}]`)}`,
  );
}

function registerRepair(store: Command, cli: () => Cli): void {
  store
    .command('repair')
    .summary(
      say(
        'mend what can be mended, and say what was lost',
        'perbaiki yang bisa, sebutkan yang hilang',
      ),
    )
    .action(async () => {
      const { output, globals } = cli();
      const what = say('cannot repair the store', 'tidak bisa memperbaiki penyimpanan');
      if (globals.dryRun) {
        output.note(
          say(
            'merpati store check --deep shows what would be mended.',
            'merpati store check --deep menunjukkan yang akan diperbaiki.',
          ),
        );
        return;
      }
      await cli().confirm(what, say('Repair the store now?', 'Perbaiki penyimpanan sekarang?'));
      const reports = await repairAll(cli(), what);
      for (const report of reports) {
        const { server, mended, lost, rebuilt } = report;
        output.value('merpati.store.repair/1', report, () => {
          if (rebuilt !== null) showRebuilt(output, rebuilt);
          output.line(
            say(
              `${server}: mended ${mended.length}, lost ${lost.length}`,
              `${server}: diperbaiki ${mended.length}, hilang ${lost.length}`,
            ),
          );
          for (const one of lost) showFinding(cli(), one);
        });
        if (lost.length > 0) process.exitCode = exitCodes.partly;
      }
    });
}

function registerReindex(store: Command, cli: () => Cli): void {
  store
    .command('reindex')
    .summary(
      say(
        'read all messages anew for searching; mail goes on meanwhile',
        'baca ulang semua email untuk pencarian; email tetap berjalan',
      ),
    )
    .option('--account <address>', say('only of this account', 'hanya akun ini'))
    .action(async (given: { account?: string }) => {
      const { output, globals } = cli();
      const what = say('cannot read messages anew', 'tidak bisa membaca ulang email');
      if (globals.dryRun) {
        const whose = given.account ?? say('all accounts', 'semua akun');
        output.note(say(`Would read anew: ${whose}`, `Akan dibaca ulang: ${whose}`));
        return;
      }
      const line = new ProgressLine(output);
      const label = say('Reading', 'Membaca');
      const input = given.account === undefined ? {} : { address: given.account };
      for await (const item of cli().stream({ what, name: 'store.reindex', input })) {
        if ('progress' in item) {
          line.show(label, item.progress);
          continue;
        }
        line.clear();
        const { server, messages } = item.result;
        output.value('merpati.store.reindex/1', item.result, () => {
          output.line(
            say(`${server}: ${messages} messages read`, `${server}: ${messages} email dibaca`),
          );
        });
      }
    });
}

type Rebuilt = Pick<SalvageReport, 'kept' | 'rows' | 'torn'>;
interface Repaired extends RepairedStore {
  /** The database itself had to be built anew; null: it had not. */
  readonly rebuilt: Rebuilt | null;
}

const isTorn = ({ code }: CheckFinding): boolean => code.startsWith('sqlite.');

/**
 * A database with holes is built anew when it is opened, which is now when it could not be opened
 * at all; when a server has it, that must be started again; else we close it and come back.
 */
async function repairAll(cli: Cli, what: string): Promise<Repaired[]> {
  let salvaged: SalvageReport | null = null;
  const onSalvaged = (report: SalvageReport): void => {
    salvaged = report;
  };
  const first = await repairOnce(cli, what, onSalvaged);
  if (!first.some(({ lost }) => lost.some(isTorn))) return first.map((one) => join(one, salvaged));
  await cli.close();
  const again = await repairOnce(cli, what, onSalvaged);
  if (again.some(({ lost }) => lost.some(isTorn))) {
    cli.output.note(
      say(
        'Start the server anew: the database is then built again from what can be read of it.',
        'Mulai ulang server: basis data lalu dibangun lagi dari yang masih terbaca.',
      ),
    );
  }
  return again.map((one, i) => {
    const before = first[i];
    const lost = (before?.lost ?? []).filter((loss) => !isTorn(loss));
    const mended = before?.mended ?? [];
    const sum = { mended: [...mended, ...one.mended], lost: [...lost, ...one.lost] };
    return join({ ...one, ...sum }, salvaged);
  });
}

/** What the salvage has mended and lost besides. */
function join(report: RepairedStore, salvaged: SalvageReport | null): Repaired {
  if (salvaged === null) return { ...report, rebuilt: null };
  const { kept, rows, torn, mended, lost } = salvaged;
  return {
    ...report,
    mended: [...mended, ...report.mended],
    lost: [...lost, ...report.lost],
    rebuilt: { kept, rows, torn },
  };
}

async function repairOnce(
  cli: Cli,
  what: string,
  onSalvaged: (report: SalvageReport) => void,
): Promise<RepairedStore[]> {
  const line = new ProgressLine(cli.output);
  const reports: RepairedStore[] = [];
  await cli.connection({ onSalvaged });
  for await (const item of cli.stream({ what, name: 'store.repair', input: {} })) {
    if ('progress' in item) line.show(progressText(item.progress), item.progress);
    else reports.push(item.result);
  }
  line.clear();
  return reports;
}

function showRebuilt(output: Output, { kept, rows, torn }: Rebuilt): void {
  const tables = torn.join(', ');
  output.line(
    say(
      `The database was built anew: ${rows} rows could be read. The damaged file: ${kept}`,
      `Basis data dibangun ulang: ${rows} baris terbaca. Berkas yang rusak: ${kept}`,
    ),
  );
  if (tables === '') return;
  output.line(say(`  Not whole: ${tables}`, `  Tidak utuh: ${tables}`));
}

const progressText = (progress: CheckProgress): string => progress.what;
