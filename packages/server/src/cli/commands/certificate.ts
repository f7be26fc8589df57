/** `merpati certificate …`: what this server shows to prove who it is. */

import type { Command } from 'commander';
import type { CertificateView } from '../../admin/certificate-findings.ts';
import type { Cli } from '../cli.ts';
import { exitCodes } from '../exit.ts';
import { when } from '../figures.ts';
import { findingLine } from '../finding-line.ts';
import { examples } from '../help.ts';
import { say } from '../language.ts';
import type { Column } from '../output.ts';

export function register(certificate: Command, cli: () => Cli): void {
  certificate.helpCommand(false);
  registerList(certificate, cli);
  registerRenew(certificate, cli);
  registerCheck(certificate, cli);
  examples(certificate, [
    'merpati certificate list',
    'merpati certificate renew mail.contoh.id',
    'merpati certificate check',
  ]);
}

const sources = () => ({
  file: say('file', 'berkas'),
  acme: 'ACME',
  'self-made': say('self-made', 'buatan sendiri'),
});

const columns = (): readonly Column<CertificateView>[] => [
  {
    key: 'names',
    title: say('Names', 'Nama'),
    cell: (one) => one.names.join(', '),
    shrinks: true,
  },
  { key: 'source', title: say('From', 'Dari'), cell: (one) => sources()[one.source] },
  { key: 'issuer', title: say('Issuer', 'Penerbit'), cell: (one) => one.issuer, shrinks: true },
  {
    key: 'notAfterMs',
    title: say('Good until', 'Berlaku sampai'),
    cell: (one) => when(one.notAfterMs),
  },
  {
    key: 'trouble',
    title: say('Trouble', 'Masalah'),
    cell: (one) => one.trouble?.code ?? '–',
  },
];

function registerList(certificate: Command, cli: () => Cli): void {
  certificate
    .command('list')
    .summary(say('the certificates that are shown', 'sertifikat yang ditunjukkan'))
    .action(async () => {
      const what = say('cannot list certificates', 'tidak bisa mendaftar sertifikat');
      const rows = await cli().call(what, 'certificate.list', {});
      const none = say(
        'No certificates: nothing is encrypted. See: merpati config explain acme',
        'Belum ada sertifikat: tidak ada enkripsi. Lihat: merpati config explain acme',
      );
      cli().output.list('merpati.certificate.list/1', rows, columns(), none);
    });
}

function registerRenew(certificate: Command, cli: () => Cli): void {
  certificate
    .command('renew [name]')
    .summary(
      say(
        'get what is due now, or the one for a name in any case',
        'ambil yang sudah waktunya, atau untuk satu nama kapan pun',
      ),
    )
    .option('--all', say('all of them, due or not', 'semuanya, walau belum waktunya'))
    .action(async (name: string | undefined, given: { all?: boolean }) => {
      const what = say('cannot renew', 'tidak bisa memperbarui');
      const asked = { ...(name === undefined ? {} : { name }), all: given.all === true };
      const results = await cli().call(what, 'certificate.renew', asked);
      const { output } = cli();
      if (results.some(({ result }) => result === 'failed')) process.exitCode = exitCodes.problems;
      const words = {
        renewed: say('new', 'baru'),
        kept: say('still good', 'masih berlaku'),
        later: say('has to wait', 'harus menunggu'),
        failed: say('failed', 'gagal'),
      };
      output.value('merpati.certificate.renew/1', { results }, () => {
        for (const { id, result, code, detail } of results) {
          const why = code === undefined ? '' : `: ${detail} ${output.paint.muted(`[${code}]`)}`;
          output.line(`${id}: ${words[result]}${why}`);
        }
      });
    });
}

function registerCheck(certificate: Command, cli: () => Cli): void {
  certificate
    .command('check')
    .summary(
      say(
        'are they good, and do the TLSA records know their keys',
        'apakah masih berlaku, dan cocok dengan catatan TLSA',
      ),
    )
    .action(async () => {
      const what = say('cannot check certificates', 'tidak bisa memeriksa sertifikat');
      const findings = await cli().call(what, 'certificate.check', {});
      const problems = findings.filter(({ severity }) => severity !== 'ok').length;
      if (problems > 0) process.exitCode = exitCodes.problems;
      cli().output.value('merpati.certificate.check/1', { findings, problems }, () => {
        for (const one of findings) findingLine(cli(), one);
      });
    });
}
