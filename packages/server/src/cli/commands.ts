/** All commands: name, one line, and where the code is. */

import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { say } from './language.ts';

export interface CommandEntry {
  readonly name: string;
  /** In the language spoken. */
  readonly summary: () => string;
  load(): Promise<{ register(command: Command, cli: () => Cli): void }>;
}

function entry(name: string, summary: CommandEntry['summary'], load: CommandEntry['load']) {
  return { name, summary, load };
}

export const commands: readonly CommandEntry[] = [
  entry(
    'lab',
    () =>
      say(
        'a whole small internet of mail on this machine',
        'internet email kecil yang utuh di mesin ini',
      ),
    () => import('./commands/lab.ts'),
  ),
  entry(
    'setup',
    () => say('prepare this machine for a domain', 'siapkan mesin ini untuk sebuah domain'),
    () => import('./commands/setup.ts'),
  ),
  entry(
    'serve',
    () => say('run the server', 'jalankan server'),
    () => import('./commands/serve.ts'),
  ),
  entry(
    'status',
    () => say('what runs, where it listens', 'apa yang berjalan, di mana mendengarkan'),
    () => import('./commands/status.ts'),
  ),
  entry(
    'doctor',
    () => say('is all well, and what to do', 'apakah semua beres, dan apa tindakannya'),
    () => import('./commands/doctor.ts'),
  ),
  entry(
    'mail',
    () => say('send, list, read and fetch mail', 'kirim, daftar, baca, dan ambil email'),
    () => import('./commands/mail.ts'),
  ),
  entry(
    'journey',
    () =>
      say('the way of a message, step by step', 'perjalanan sebuah email, langkah demi langkah'),
    () => import('./commands/journey.ts'),
  ),
  entry(
    'account',
    () => say('people and their passwords', 'orang dan kata sandinya'),
    () => import('./commands/account.ts'),
  ),
  entry(
    'alias',
    () => say('addresses that lead to others', 'alamat yang menuju alamat lain'),
    () => import('./commands/alias.ts'),
  ),
  entry(
    'domain',
    () => say('the domains this server is responsible for', 'domain yang diurus server ini'),
    () => import('./commands/domain.ts'),
  ),
  entry(
    'certificate',
    () => say('certificates: list, renew, check', 'sertifikat: daftar, perbarui, periksa'),
    () => import('./commands/certificate.ts'),
  ),
  entry(
    'report',
    () =>
      say(
        'what others say of mail in our name, and of TLS to us',
        'kata server lain tentang email atas nama kita, dan TLS ke kita',
      ),
    () => import('./commands/report.ts'),
  ),
  entry(
    'queue',
    () => say('mail that waits to be sent on', 'email yang menunggu dikirim'),
    () => import('./commands/queue.ts'),
  ),
  entry(
    'store',
    () =>
      say('check, repair and back up the mail store', 'periksa, perbaiki, cadangkan penyimpanan'),
    () => import('./commands/store.ts'),
  ),
  entry(
    'config',
    () => say('check and explain the configuration', 'periksa dan jelaskan konfigurasi'),
    () => import('./commands/config.ts'),
  ),
  entry(
    'probe',
    () =>
      say(
        'try the readers and checks on data of your own',
        'coba pembaca dan pemeriksa dengan data sendiri',
      ),
    () => import('./commands/probe.ts'),
  ),
  entry(
    'sendmail',
    () => say('drop-in for /usr/sbin/sendmail', 'pengganti /usr/sbin/sendmail'),
    () => import('./commands/sendmail.ts'),
  ),
  entry(
    'completion',
    () => say('completion for your shell', 'pelengkapan untuk shell Anda'),
    () => import('./commands/completion.ts'),
  ),
  entry(
    'version',
    () => say('the versions of everything', 'versi semuanya'),
    () => import('./commands/version.ts'),
  ),
];
