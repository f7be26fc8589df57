/** `merpati store …`: is everything there, mend it, copy it. */

import path from 'node:path';
import type { Command } from 'commander';
import type { CheckFinding, CheckProgress, CheckReport } from '@merpati/store/contract.ts';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { bytes } from '../figures.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import { ProgressLine } from '../progress-line.ts';

export function register(store: Command, cli: () => Cli): void {
  store.helpCommand(false);
  registerCheck(store, cli);
  registerRepair(store, cli);
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
            'Some of it can be mended: merpati store repair',
            'Sebagian bisa diperbaiki: merpati store repair',
          ),
        );
      }
    });
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
  cli.output.line(`  ${mark} ${one.where}: ${one.message} ${paint.muted(`[${one.code}]`)}`);
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
      const line = new ProgressLine(output);
      for await (const item of cli().stream({ what, name: 'store.repair', input: {} })) {
        if ('progress' in item) {
          line.show(progressText(item.progress), item.progress);
          continue;
        }
        line.clear();
        const { result } = item;
        output.value('merpati.store.repair/1', result, () => {
          output.line(
            say(
              `${result.server}: mended ${result.mended.length}, lost ${result.lost.length}`,
              `${result.server}: diperbaiki ${result.mended.length}, hilang ${result.lost.length}`,
            ),
          );
          for (const one of result.lost) showFinding(cli(), one);
        });
        if (result.lost.length > 0) process.exitCode = exitCodes.partly;
      }
    });
}

const progressText = (progress: CheckProgress): string => progress.what;
